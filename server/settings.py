"""What an installation may set from outside: state folder, address, database, demo, language."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Read from the environment; every name is listed in the operator's guide."""

    model_config = SettingsConfigDict(env_prefix="XUNGE_", extra="ignore", populate_by_name=True)

    home: Path = CHECKOUT / ".xunge"
    host: str = "127.0.0.1"
    port: int = Field(default=8800, ge=1, le=65535)
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    demo: bool = True
    lang: str = "zh-CN"
    pool: int = Field(default=6, ge=2, le=64, description="database connections of one server process")
    workers: int = Field(default=1, ge=1, le=64, description="server processes that share the address")
    cookie_secure: bool = False
    public_url: str = Field(
        default="", description="how people and tablets reach the server: links, QR codes"
    )
    smtp_url: str | None = Field(default=None, description="smtp://user:password@host:port, or smtps://")
    mail_from: str = "xunge@localhost"
    mbtiles: Path | None = Field(
        default=None, description="map pictures (MBTiles, raster) that tablets take along"
    )
    webhook_private: bool = Field(default=False, description="whether webhooks may go to private addresses")

    @property
    def console_url(self) -> str:
        """Where links of letters lead, and where a tablet that scans a code of the command line goes."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def blobs(self) -> Path:
        """Photos by SHA-256."""
        return self.home / "blobs"

    @property
    def uploads(self) -> Path:
        """Photos that are still arriving."""
        return self.home / "uploads"

    @property
    def packages(self) -> Path:
        """Tablets' packages as they were made; they are made again where they are missing."""
        return self.home / "packages"

    @property
    def anchors(self) -> Path:
        """The heads of all chains, day by day; a copy belongs elsewhere."""
        return self.home / "anchors"

    @property
    def erasures(self) -> Path:
        """What was erased, so that a restored copy can be erased again; a copy belongs elsewhere."""
        return self.home / "erasures.jsonl"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
