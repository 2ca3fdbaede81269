# The image of web, migrate and every other command: docs/deployment.md says how to run it.
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
WORKDIR /app
COPY . .
# Editable, so that the code runs from /app, where manage.py and config are.
RUN /opt/venv/bin/pip install --constraint constraints.txt --editable '.[server]'
# collectstatic reads the settings and opens no database; none of these values stays in the image.
RUN DEBUG=off SECRET_KEY=build ALLOWED_HOSTS=build DATABASE_URL=postgres://build@localhost/build STATIC_ROOT=/srv/static \
    /opt/venv/bin/python manage.py collectstatic --no-input

FROM python:${PYTHON}
# pg_dump and pg_restore for `manage.py backup`; their major version must not be older than the server's.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin teppan \
    && install --directory --owner teppan --group teppan --mode 0700 /srv/backups
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY --from=build /srv/static /srv/static
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DEBUG=off \
    STATIC_ROOT=/srv/static LIVEMIGRATIONS_BACKUP_FOLDER=/srv/backups GUNICORN_BIND=0.0.0.0:8000
WORKDIR /app
USER teppan
EXPOSE 8000
# A worker answers for a static file without asking the database or writing a log line.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/static/staticfiles.json', headers={'X-Forwarded-Proto': 'https'}), timeout=4)"]
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
