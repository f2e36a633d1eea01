# One recipe for the Python services: docker build --build-arg SERVICE=submit|status|worker|canary .
#
# What changes rarely comes first: a change of source builds in seconds, because the requirements stay.

FROM ghcr.io/astral-sh/uv:0.13 AS uv

FROM python:3.14-slim AS build
ARG SERVICE
# Bytecode is made here: the file system of a running container is read-only.
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/opt/headway
COPY --from=uv /uv /usr/local/bin/
# With TRACING=1 OpenTelemetry comes along: docs/how-to/watch-it.md.
ARG TRACING=
COPY requirements/${SERVICE}.txt requirements/tracing.txt /src/requirements/
RUN uv venv --python /usr/local/bin/python3 "$VIRTUAL_ENV" \
    && uv pip sync --require-hashes "/src/requirements/${SERVICE}.txt" ${TRACING:+/src/requirements/tracing.txt}
COPY packages/contract /src/packages/contract
COPY packages/chassis /src/packages/chassis
COPY services/${SERVICE} /src/services/${SERVICE}
RUN uv pip install --no-deps /src/packages/contract /src/packages/chassis "/src/services/${SERVICE}" \
    && ln -s "headway-${SERVICE}" "$VIRTUAL_ENV/bin/headway-service"

FROM python:3.14-slim
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Headway ${SERVICE}" \
      org.opencontainers.image.description="Long-running jobs over HTTP with live progress: the ${SERVICE} service" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/headway /opt/headway
ENV PATH=/opt/headway/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HEADWAY_REVISION=${REVISION} \
    HEADWAY_SUBMIT_HOST=0.0.0.0 HEADWAY_SUBMIT_PORT=8000 HEADWAY_SUBMIT_MANAGEMENT_PORT=9100 \
    HEADWAY_STATUS_HOST=0.0.0.0 HEADWAY_STATUS_PORT=8000 HEADWAY_STATUS_MANAGEMENT_PORT=9100 \
    HEADWAY_WORKER_HOST=0.0.0.0 HEADWAY_WORKER_MANAGEMENT_PORT=9100 \
    HEADWAY_CANARY_HOST=0.0.0.0 HEADWAY_CANARY_MANAGEMENT_PORT=9100
# A number, so that Kubernetes can tell that it is not root. Modules of tasks are looked for in the working folder.
USER 10001:10001
WORKDIR /tasks
EXPOSE 8000 9100
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["python", "-m", "chassis.probe"]
ENTRYPOINT ["headway-service"]
