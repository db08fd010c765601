"""The grid worker's tablet: `core` keeps and sends, `ui` shows, `platform` reaches the device."""
