# Everything that is run often. `make check` before a commit; `.ci/run` is the whole road.

.PHONY: check format test smoke

check:  ## style, types, the workflow's form
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint

format:  ## put style right
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

test:  ## all tests
	pytest

smoke:  ## every kind of job in seconds; the numbers mean nothing
	snakemake --cores all --configfile config/smoke.yaml
