# One image for every process; compose.yaml says which one runs.
FROM python:3.13-slim AS build
COPY requirements.lock /src/
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /src/requirements.lock

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home hub && install -d -o hub -g hub /data
COPY --from=build /venv /venv
COPY config /dialogo/config
COPY hub /dialogo/hub
COPY workers /dialogo/workers
COPY LICENSE README.md /dialogo/
ENV PATH=/venv/bin:$PATH PYTHONPATH=/dialogo PYTHONUNBUFFERED=1 HUB_DATA=/data HUB_HOST=0.0.0.0
WORKDIR /dialogo
USER hub
VOLUME /data
EXPOSE 8080 2525
ENTRYPOINT ["python", "-m", "hub"]
# Alone, without compose: everything in this one container.
CMD ["up"]
