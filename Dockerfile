# One image for the web, a worker, the clock and every command of manage.py: see compose.yaml and docs/deployment.md.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt .
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11-slim-bookworm
# What makes PDF files, what isolates a stranger's file, the letters of Dutch, and what `manage.py backup` and `restore` call: as new as the server in compose.yaml, or newer.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libseccomp2 \
        fonts-dejavu-core fonts-open-sans postgresql-client-15 tesseract-ocr-nld \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/zorgrekening --shell /usr/sbin/nologin zorgrekening \
    && install -d -o zorgrekening -g zorgrekening -m 0700 /var/lib/zorgrekening
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/zorgrekening
COPY . .
# The addresses inside a container; what differs between machines comes with the container.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/var/lib/zorgrekening STATIC_ROOT=/opt/static BIND=0.0.0.0 PORT=8000
# With the keys of a demo that is thrown away: what is collected here depends on none.
RUN python bin/compile-translations \
    && SANDBOX=1 DATA_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 \
        --ignore jquery.js --ignore select2.full.js --ignore xregexp.js \
    && rm -rf /tmp/build
USER zorgrekening
VOLUME /var/lib/zorgrekening
EXPOSE 8000
# By a name that ALLOWED_HOSTS knows, as every request.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:%s/healthz' % os.environ['PORT'], headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0]}), timeout=4)"]
CMD ["gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"]
