"""What MLflow's own client takes to list a registry: one listing for each line of standard input; run in its environment.

Answers each line with JSON: seconds to the first page and to all, and how many models came.
"""

from __future__ import annotations

import json
import sys
import time

import mlflow  # type: ignore[import-not-found]


def main() -> None:
    """List the server that the first argument names, by pages of the client's own size."""
    client = mlflow.MlflowClient(tracking_uri=sys.argv[1])
    for _ in sys.stdin:
        began = time.perf_counter()
        page = client.search_registered_models()
        first, count = time.perf_counter() - began, len(page)
        while page.token:
            page = client.search_registered_models(page_token=page.token)
            count += len(page)
        told = {"first": first, "all": time.perf_counter() - began, "count": count}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
