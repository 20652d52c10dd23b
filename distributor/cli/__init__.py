"""The command line `distributor`: every command ends with one line of what it did, or one sentence of why it did not.

* ``processes``  run, web, scheduler
* ``setup``      migrate, init, demo, check, member add, member link, member reset-second-step,
               member sign-out, token create, reporting, take-partners
* ``sign_on``    sso lift
* ``work``       open-reports, auto-submit, remind, deliver, mark-invoiced
* ``usage``      import-usage
* ``lists``      import-accounts, import-products
* ``audit``      verify-audit
* ``output``     what they share: the application, `--at`, `--json`, errors in words
"""

from __future__ import annotations

import click

from distributor.cli import audit, lists, processes, setup, sign_on, usage, work


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="distributor")
def main() -> None:
    """Usage reporting and approval for channel licensing."""


for part in (processes, setup, sign_on, usage, lists, work, audit):
    for command in part.COMMANDS:
        main.add_command(command)
