# ruff: noqa: INP001 - a DAG is a file in a folder of DAGs
"""One control tick an hour by Airflow 3, which retries what fails and mails what is alarmed.

Put it into the folder of DAGs, and Holdfast with its extra `train` where tasks run. How to use it:
docs/howto/run-under-systemd-or-cron.md
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="holdfast_churn",
    schedule="15 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # one tick does all that missed ones would have done
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
):
    # Exit code 3: it ticked, and something critical is alarmed. 1: it could not tick.
    BashOperator(
        task_id="tick",
        bash_command="holdfast check --project /srv/churn --fail-on critical",
        execution_timeout=timedelta(hours=2),
    )
