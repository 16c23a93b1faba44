# One image for service, worker and schedule; the command says which (see compose.yaml).
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/tracker
COPY requirements.lock .
RUN /opt/tracker/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY tracker tracker
COPY workers workers
COPY openapi openapi
RUN /opt/tracker/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data tracker \
 && install --directory --owner=tracker --mode=0700 /data
COPY --from=build /opt/tracker /opt/tracker
ENV PATH=/opt/tracker/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRACKER_DATA=/data \
    TRACKER_HOST=0.0.0.0 \
    TRACKER_PORT=8480
USER tracker
VOLUME /data
EXPOSE 8480
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['TRACKER_PORT'] + '/health/ready', timeout=2)"]
ENTRYPOINT ["tracker"]
CMD ["up"]
