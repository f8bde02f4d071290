# Everything that is run often. `make check` before a commit; `.ci/run` is the whole road.

.PHONY: check format test smoke docs readme record

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

docs:  ## docs/algorithms.md, docs/references.bib and README's published numbers, from what they show
	python -m metabench.docs

readme:  ## README's table and figure, from the default study
	snakemake --cores all
	python -m metabench.docs --readme reports/default

record:  ## docs/reproduction/<study>, with the runs of its report: make record STUDY=sinusoid
	python -m metabench.docs --record config/$(STUDY).yaml reports/$(STUDY)
