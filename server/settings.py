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
    cookie_secure: bool = False

    @property
    def blobs(self) -> Path:
        """Photos by SHA-256."""
        return self.home / "blobs"

    @property
    def uploads(self) -> Path:
        """Photos that are still arriving."""
        return self.home / "uploads"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
