"""A project as it grows in years: many apps, tables and migrations, with keys among its tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FIELDS = {
    "id": "models.BigAutoField(primary_key=True, serialize=False)",
    "name": "models.CharField(max_length=50)",
    "slug": "models.SlugField(unique=True)",
    "at": "models.DateTimeField(null=True)",
    "price": "models.DecimalField(max_digits=9, decimal_places=2, default=0)",
    "rank": "models.PositiveIntegerField(default=1)",
    "data": "models.JSONField(default=dict)",
    "old": "models.TextField(null=True)",
}
EXTRA = "models.CharField(max_length=20, null=True)"
WIDER = "models.CharField(max_length=80)"
IMPORTS = "from django.db import migrations, models\n\n\n"
SETTINGS = """\
import os
from config.environment import database

SECRET_KEY = "measured"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {{"default": database(os.environ["DATABASE_URL"])}}
INSTALLED_APPS = {apps!r}
"""


@dataclass(frozen=True)
class Grown:
    """``apps`` with ``models`` each, of which ``chain`` at a time are joined by foreign keys.

    Half of an app's ``migrations`` make the tables, the others change each of them in five ways.
    """

    apps: int = 10
    models: int = 50
    migrations: int = 30
    chain: int = 10

    def write(self, folder: Path) -> None:
        """Write the apps, and the settings modules ``grown`` and, without the engine, ``grown_plain``."""
        labels = [f"app{number:02}" for number in range(self.apps)]
        for label in labels:
            home = folder / label / "migrations"
            home.mkdir(parents=True)
            (home / "__init__.py").write_text("")
            (home.parent / "__init__.py").write_text("")
            (home.parent / "models.py").write_text(IMPORTS + "\n\n".join(self._models(label)))
            for number in range(self.migrations):
                (home / f"{number:04}_step.py").write_text(IMPORTS + self._migration(label, number))
        (folder / "grown.py").write_text(SETTINGS.format(apps=["livemigrations", *labels]))
        (folder / "grown_plain.py").write_text(SETTINGS.format(apps=labels))

    def _migration(self, label: str, number: int) -> str:
        half = self.migrations // 2
        made = self._create if number < half else self._change
        numbers = range(number % half, self.models, half) if number >= half else self._block(number, half)
        operations = [line for one in numbers for line in made(label, one)]
        depends = [(label, f"{number - 1:04}_step")] if number else []
        lines = "\n".join(f"        {operation}," for operation in operations)
        return f"class Migration(migrations.Migration):\n    dependencies = {depends!r}\n    operations = [\n{lines}\n    ]\n"

    def _block(self, number: int, half: int) -> range:
        return range(self.models * number // half, self.models * (number + 1) // half)

    def _key(self, label: str, number: int) -> dict[str, str]:
        if number % self.chain == 0:
            return {}
        return {"parent": f'models.ForeignKey("{label}.m{number - 1}", models.CASCADE, related_name="+")'}

    def _create(self, label: str, number: int) -> Iterator[str]:
        fields = ", ".join(f'("{name}", {field})' for name, field in (FIELDS | self._key(label, number)).items())
        yield f'migrations.CreateModel("M{number}", [{fields}])'
        yield f'migrations.AddIndex("M{number}", models.Index(fields=["name", "at"], name="{label}_m{number}_n"))'

    def _change(self, label: str, number: int) -> Iterator[str]:
        check = f'models.CheckConstraint(condition=models.Q(price__gte=0), name="{label}_m{number}_p")'
        yield f'migrations.AddField("M{number}", "extra", {EXTRA})'
        yield f'migrations.AlterField("M{number}", "name", {WIDER})'
        yield f'migrations.RenameField("M{number}", "rank", "place")'
        yield f'migrations.RemoveField("M{number}", "old")'
        yield f'migrations.AddConstraint("M{number}", {check})'

    def _models(self, label: str) -> Iterator[str]:
        for number in range(self.models):
            fields = FIELDS | self._key(label, number) | {"name": WIDER, "place": FIELDS["rank"], "extra": EXTRA}
            lines = "\n".join(f"    {name} = {text}" for name, text in fields.items() if name not in ("rank", "old"))
            yield (
                f"class M{number}(models.Model):\n{lines}\n\n    class Meta:\n"
                f'        indexes = [models.Index(fields=["name", "at"], name="{label}_m{number}_n")]\n'
                f"        constraints = [models.CheckConstraint(condition=models.Q(price__gte=0), name="
                f'"{label}_m{number}_p")]\n'
            )
