# The program in an image of its own. Alone it runs everything, with an embedded PostgreSQL under /data:
#   docker build -t event-ledger . && docker run --init -e ALLOW_PLAIN_HTTP=true -p 127.0.0.1:8080:8080 -v ledger:/data event-ledger
# Clients come from another address than the container's own: without a certificate (TLS_CERT_FILE) their credentials are
# taken where somebody says that nobody listens on the way, as on a port that is published on this machine alone.
# docker-compose.yml runs it as the processes of production.
# test/e2e/docker.long.test.ts walks these very steps.

FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-trixie-slim
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY schemas ./schemas
COPY migrations ./migrations
# empty volumes take the owner of what they cover: the data, and the folders that init fills
RUN install -d -o node -g node /data /secrets/admin /secrets/api /secrets/projector /secrets/eventstore /secrets/postgres
ENV NODE_ENV=production
ENV HOST=0.0.0.0
ENV PORT=8080
ENV LEDGER_DATA=/data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/bin/healthcheck.js"]
ENTRYPOINT ["node", "/app/bin/event-ledger.js"]
CMD ["start"]
