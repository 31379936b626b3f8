"""Tests of what is made of Spark's messages; they need no Spark."""

from __future__ import annotations

import pytest

from holdfast.adapters.engines.spark_errors import named
from holdfast.domain.errors import ClusterError, DataFileError

PYTHON = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/srv/jobs/tariffs.py", line 25, in look_up
    raise {error}
{error}
"""
JAVA = """An error occurred while calling o127.collectToPython.
: org.apache.spark.SparkException: {message}
\tat org.apache.spark.sql.errors.QueryExecutionErrors$.raise(QueryExecutionErrors.scala:849)
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""
STAGE = (
    "Job aborted due to stage failure: Task 0 in stage 4.0 failed 4 times, most recent failure: "
    "Lost task 0.3 in stage 4.0 (TID 7) (192.0.2.7 executor 1): "
)
MASTER = "spark://cluster:7077"


class TestNamed:
    @pytest.mark.parametrize(
        ("text", "kind", "said"),
        [
            pytest.param(
                PYTHON.format(error="ModuleNotFoundError: No module named 'holdfast'"),
                ClusterError,
                "The cluster at spark://cluster:7077 has no Python module 'holdfast' on its",
                id="module",
            ),
            pytest.param(
                PYTHON.format(error="KeyError: 'tariff'"),
                DataFileError,
                "the Spark query: KeyError: 'tariff'. Mend the query",
                id="python",
            ),
            pytest.param(
                JAVA.format(
                    message="[FAILED_READ_FILE.NO_HINT] Encountered error while reading file "
                    "file:///data/may/part-1.parquet.  SQLSTATE: KD001"
                ),
                DataFileError,
                "/data/may/part-1.parquet: Spark cannot read it",
                id="file",
            ),
            pytest.param(
                "[PATH_NOT_FOUND] Path does not exist: hdfs://host/may.parquet. SQLSTATE: 42K03",
                DataFileError,
                "hdfs://host/may.parquet: Spark cannot read it",
                id="path",
            ),
            pytest.param(
                JAVA.format(
                    message=f"{STAGE}org.apache.spark.SparkException: Python worker exited "
                    "unexpectedly (crashed). Consider setting a flag"
                ),
                ClusterError,
                "lost the work: Python worker exited unexpectedly (crashed). Consider",
                id="worker",
            ),
            pytest.param(
                JAVA.format(
                    message=f"{STAGE}ExecutorLostFailure (executor 1 exited caused by one of the "
                    "running tasks) Reason: Command exited with code 137"
                ),
                ClusterError,
                "lost the work: ExecutorLostFailure",
                id="executor",
            ),
            pytest.param(
                "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012\n== DataFrame ==\n",
                DataFileError,
                "the Spark query: [DIVIDE_BY_ZERO] Division by zero. Mend",
                id="query",
            ),
            pytest.param("", DataFileError, "no reason was given", id="nothing"),
        ],
    )
    def test_says_what_happened_in_a_line(self, text, kind, said):
        """Who reads it learns what to mend, without knowing the JVM."""
        error = named(text, MASTER)

        assert type(error) is kind
        assert said in str(error)
        assert "\n" not in str(error)

    def test_cuts_what_is_long(self):
        """Some messages of Spark hold a whole plan."""
        assert len(str(named("x" * 100_000, MASTER))) < 500
