# Two stages: the first builds a virtual environment from the locked, hashed requirements; the second carries only it.
# The container runs as a user without rights, on a read-only root (compose.yaml): only /data is written to.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /source
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /opt/threepercent \
    && /opt/threepercent/bin/python -m pip install --require-hashes -r requirements.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --require-hashes -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
RUN /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/threepercent/bin/python -m pip install --no-deps /dist/threepercent-*.whl \
    && /opt/threepercent/bin/python -m compileall -q /opt/threepercent/lib

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="ThreePercent" \
      org.opencontainers.image.description="What it really costs to send money home" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 threepercent \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin threepercent \
    && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /opt/threepercent /opt/threepercent
ENV PATH=/opt/threepercent/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    THREEPERCENT_DATA_DIR=/data \
    THREEPERCENT_DATABASE_URL=sqlite:////data/threepercent.db
WORKDIR /data
VOLUME ["/data"]
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/ready', timeout=3)"]
ENTRYPOINT ["threepercent"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
