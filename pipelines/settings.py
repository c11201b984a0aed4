"""Paths, thresholds and keys: the only place that reads the environment.

What belongs here: every value a merchant may set (environment variables `WALLET_…`, or a
`wallet.toml` in the project folder) and the folders derived from them. What does not: any reading
or writing of data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import iso4217
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipelines.time_zones import known_zones

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
SAMPLES_DIR = PROJECT_ROOT / "data" / "samples"
SHIPPED_MAPPINGS = PROJECT_ROOT / "data" / "mappings"

# Left behind by systems and unfinished downloads: never a merchant's export.
_IGNORED_NAMES = {"readme.md", "thumbs.db", "desktop.ini"}
_IGNORED_SUFFIXES = {".part", ".crdownload", ".tmp", ".partial"}

# Where things lie and how fast they run changes no figure; the key must never reach a digest.
_NO_FIGURES = {
    "data_dir",
    "workspace",
    "pseudonym_key",
    "pseudonym_key_file",
    "signing_key_file",
    "warehouse_key_file",
    "verify_key",
    "memory_limit",
    "threads",
    "keep_releases",
    "keep_runs_days",
    "webhook_url",
    "sql_history_file",
}


def _config_folder() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "wallet-analytics"


class Settings(BaseSettings):
    """Everything a merchant can set.

    Each field is read from `WALLET_<FIELD>` in the environment, then from `wallet.toml` in the
    project folder, then from the default here.
    """

    model_config = SettingsConfigDict(
        env_prefix="WALLET_",
        toml_file=PROJECT_ROOT / "wallet.toml",
        extra="forbid",
        # Keys and the webhook's address stay out of error messages.
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(PROJECT_ROOT / "data", description="folder of landing, lake, releases")
    workspace: Literal["auto", "merchant", "samples"] = Field(
        "auto", description="which inputs to run on; auto = samples until landing holds a file"
    )
    pseudonym_key: str | None = Field(
        None, description="key for pseudonyms as 64 or more hex digits; wins over the key file"
    )
    pseudonym_key_file: Path = Field(
        default_factory=lambda: _config_folder() / "pseudonym.key",
        description="0600 file that holds the key; made on the first run, kept outside git",
    )
    signing_key_file: Path = Field(
        default_factory=lambda: _config_folder() / "signing.key",
        description="0600 file with the key that signs audits; made by the first release",
    )
    warehouse_key_file: Path | None = Field(
        None,
        description="0600 file with 64 hex digits: the private warehouse is encrypted with it",
    )
    verify_key: str | None = Field(
        None,
        pattern="^[0-9A-Fa-f]{64}$",
        description="public key that releases must be signed with, as in releases/signing.pub",
    )
    wechat_accounts: list[str] = Field(
        default_factory=list, description="your WeChat Pay merchant numbers (商户号)"
    )
    alipay_accounts: list[str] = Field(
        default_factory=list, description="your Alipay accounts as bills print them (20 digits)"
    )
    adyen_accounts: list[str] = Field(
        default_factory=list, description="your merchant accounts as Adyen's reports name them"
    )
    paypal_accounts: list[str] = Field(
        default_factory=list, description="your PayPal account ids as section headers name them"
    )
    format_options: dict[str, str] = Field(
        default_factory=dict,
        description="what an export cannot say of itself, as source.option: value",
    )
    webhook_url: SecretStr | None = Field(
        None, description="http(s) address that is told of failed runs and checks; a secret"
    )
    sql_history_file: Path = Field(
        default_factory=lambda: _config_folder() / "sql_history",
        description="0600 file with the queries typed into `wallet sql`",
    )
    reporting_currency: str = Field("CNY", min_length=3, max_length=3)
    business_timezone: str = Field("Asia/Shanghai", description="calendar of business dates")
    minimum_cell_users: int = Field(
        10, ge=5, description="fewest distinct people behind a figure published for marketing"
    )
    order_retry_window_hours: int = Field(
        24, ge=1, description="a later success of the same order within this time is a recovery"
    )
    large_amount_quantile: float = Field(
        0.95,
        gt=0.5,
        lt=1,
        description="an amount at or above this quantile of paid amounts counts as large (step-up)",
    )
    risk_quantile: float = Field(
        0.999,
        gt=0.9,
        lt=1,
        description="counts above this quantile of your own daily peaks are suspicious",
    )
    risk_alerts_per_day: int = Field(
        100, ge=1, description="suspicious payments a day that your reviewers can look at"
    )
    step_up_target: float = Field(
        0.9,
        gt=0,
        le=1,
        description="share of large payments on new devices that should pass a two-step check",
    )
    risk_label_delay_days: int = Field(
        7, ge=1, description="days after which a payment that nobody called fraud counts as genuine"
    )
    memory_limit: str = Field(
        "4GB", pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$", description="DuckDB's memory limit"
    )
    threads: int = Field(default_factory=lambda: os.cpu_count() or 2, ge=1)
    keep_releases: int = Field(5, ge=2, description="releases kept on disk, the current included")
    keep_runs_days: int = Field(90, ge=7, description="days that Dagster's history of runs is kept")
    random_seed: int = 20260101
    cluster_names: dict[int, Annotated[str, Field(pattern=r"^[^\W\d_][\w &+,'’.-]{0,39}$")]] = (
        Field(
            default_factory=dict, description="your own names for behaviour clusters, by their id"
        )
    )

    @field_validator("webhook_url")
    @classmethod
    def _web_address(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts and not (parts.scheme in {"http", "https"} and parts.hostname):
            raise ValueError("must be an address that begins with https:// or http://")
        return value

    @field_validator(
        "data_dir",
        "pseudonym_key_file",
        "signing_key_file",
        "sql_history_file",
        "warehouse_key_file",
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        if value == Path():
            raise ValueError("must name a path")
        return value.expanduser().resolve()

    @field_validator("data_dir")
    @classmethod
    def _folder(cls, value: Path) -> Path:
        if value.exists() and not value.is_dir():
            raise ValueError(f"{value} is not a folder")
        return value

    @field_validator("business_timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in known_zones():
            raise ValueError(
                f"{value!r} is not a time zone of the IANA list, such as Asia/Shanghai"
            )
        return value

    @field_validator("reporting_currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        if value not in {currency.code for currency in iso4217.Currency}:
            raise ValueError(f"{value!r} is not a currency of ISO 4217, such as CNY")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over wallet.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def landing(self) -> Path:
        """Folder the merchant drops exports into."""
        return self.data_dir / "landing"

    @property
    def mapping_folders(self) -> tuple[Path, ...]:
        """Folders of mapping files: those that come with the project, and the merchant's own."""
        return tuple(dict.fromkeys((SHIPPED_MAPPINGS, self.data_dir / "mappings")))

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's run history, shared by the command line and the UI."""
        return self.data_dir / "dagster"

    def of_figures(self) -> dict[str, object]:
        """The settings that a figure can follow from, as JSON has them."""
        return self.model_dump(mode="json", exclude=_NO_FIGURES)

    def open_workspace(self) -> Workspace:
        """Decide once, for a whole process, whose data is worked on.

        `auto` means the merchant's own as soon as landing holds a file or something of theirs was
        ingested before; until then the bundled samples, kept in folders of their own so that they
        never mix with real data.
        """
        merchant = Workspace("merchant", self.landing, self.data_dir, self)
        if self.workspace == "merchant":
            return merchant
        if self.workspace == "auto" and (merchant.input_files() or any(merchant.ledger.glob("*"))):
            return merchant
        return Workspace("samples", SAMPLES_DIR, self.data_dir / "demo", self)


@dataclass(frozen=True)
class Workspace:
    """The folders one run reads and writes: the merchant's, or those of the bundled samples."""

    name: Literal["merchant", "samples"]
    inputs: Path
    root: Path
    settings: Settings

    @property
    def lake(self) -> Path:
        """Pseudonymised Parquet, one folder per source."""
        return self.root / "lake"

    @property
    def ledger(self) -> Path:
        """One JSON per file ever seen, by content hash."""
        return self.lake / "_ledger"

    @property
    def warehouse(self) -> Path:
        """The private DuckDB file that dbt and the Python jobs write; no analyst opens it."""
        return self.root / "warehouse" / "warehouse.duckdb"

    @property
    def models(self) -> Path:
        """What was learned once and must outlive a rebuild: thresholds, behaviour clusters."""
        return self.root / "models"

    @property
    def releases(self) -> Path:
        """Published releases, `CURRENT.json` and the `current*.duckdb` links."""
        return self.root / "releases"

    def input_files(self) -> list[Path]:
        """All files of the inputs folder that can be exports, sorted by path."""
        if not self.inputs.is_dir():
            return []
        return sorted(
            path
            for path in self.inputs.rglob("*")
            if path.is_file() and not _is_ignored(path.relative_to(self.inputs))
        )


def _is_ignored(path: Path) -> bool:
    if any(part.startswith((".", "~$")) for part in path.parts):
        return True
    return path.name.lower() in _IGNORED_NAMES or path.suffix.lower() in _IGNORED_SUFFIXES


def unknown_variables() -> list[str]:
    """Environment variables that look like settings and are none: typing errors change nothing."""
    known = {f"WALLET_{name.upper()}" for name in Settings.model_fields}
    return sorted(
        name for name in os.environ if name.startswith("WALLET_") and name.upper() not in known
    )
