"""The `charity` command."""

import click

from public_site.commands.auditing import audit, rebuild, restore_entries
from public_site.commands.charity_group import CharityGroup
from public_site.commands.cosigning import cosign
from public_site.commands.demo import demo
from public_site.commands.erasing import consent, erase_command
from public_site.commands.harvesting import harvest_command
from public_site.commands.importing import import_list
from public_site.commands.installation import init, log_key, renew_signed_store, settings
from public_site.commands.keys import post_quantum_key, rotate_key
from public_site.commands.monitor import monitor
from public_site.commands.organisations import fund, organisation
from public_site.commands.people import person
from public_site.commands.projects import campaign, project
from public_site.commands.publishing import export_log, serve
from public_site.commands.receipt import receipt
from public_site.commands.tokens import token
from public_site.commands.trace import trace
from public_site.commands.verifying import verify
from public_site.commands.witness import witness
from public_site.commands.work import work_command


@click.group(cls=CharityGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="charity-city", prog_name="charity")
def main() -> None:
    """慈善之城 · Charity City: a donation ledger that anyone can check.

    \b
    第一次使用 First steps
      charity demo                         sample city on http://127.0.0.1:8000 · 示例城市
      charity init                         make your own ledger · 建立自己的账本
      charity organisation add CODE NAME   register a charity · 登记机构
      charity import FILE --org CODE       append a published donation list · 导入捐赠公示
      charity serve                        open the public site · 打开公示网站
      charity verify http://127.0.0.1:8000 check it as a stranger would · 独立核验

    \b
    Settings come from the environment: CHARITY_HOME, CHARITY_DATABASE, CHARITY_ORIGIN,
    CHARITY_LANGUAGE (zh or en). See: charity settings

    \b
    Exit status: 0 done, 1 refused for what was found in the data, 2 wrong use.
    """  # noqa: D301 (click reads the control character)


for command in (
    init,
    settings,
    organisation,
    fund,
    project,
    campaign,
    import_list,
    harvest_command,
    demo,
    serve,
    verify,
    receipt,
    trace,
    export_log,
    log_key,
    audit,
    rebuild,
    restore_entries,
    cosign,
    witness,
    monitor,
    renew_signed_store,
    rotate_key,
    post_quantum_key,
    erase_command,
    consent,
    person,
    token,
    work_command,
):
    main.add_command(command)
