# The environment of the jobs: Python and what pyproject.toml asks for, no GPU libraries.
#
#     docker build -t metabench .
#     docker run --rm -v "$PWD:/study" -w /study metabench snakemake --cores all
FROM python:3.11-slim

WORKDIR /opt/metabench
COPY pyproject.toml README.md LICENSE ./
COPY metabench ./metabench
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu .

ENV PYTHONUNBUFFERED=1
CMD ["metabench", "--help"]
