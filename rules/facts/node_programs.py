"""Programs of npm's packages that have another name than the package: the `bin` of each one's package.json."""

from __future__ import annotations

_OTHER_NAMES = {
    "babel": "@babel/cli",
    "babel-node": "@babel/node",
    "backstage-cli": "@backstage/cli",
    "conc": "concurrently",
    "docusaurus": "@docusaurus/core",
    "dotenv": "dotenv-cli",
    "eleventy": "@11ty/eleventy",
    "ember": "ember-cli",
    "esr": "esbuild-runner",
    "functions-framework": "@google-cloud/functions-framework",
    "graphql-codegen": "@graphql-codegen/cli",
    "keystone": "@keystone-6/core",
    "medusa": "@medusajs/cli",
    "mikro-orm": "@mikro-orm/cli",
    "ncc": "@vercel/ncc",
    "nest": "@nestjs/cli",
    "ng": "@angular/cli",
    "pm2-docker": "pm2",
    "pm2-runtime": "pm2",
    "react-router": "@react-router/dev",
    "react-router-serve": "@react-router/serve",
    "remix": "@remix-run/dev",
    "remix-serve": "@remix-run/serve",
    "run-p": "npm-run-all",
    "run-s": "npm-run-all",
    "sequelize": "sequelize-cli",
    "sls": "serverless",
    "strapi": "@strapi/strapi",
    "svelte-kit": "@sveltejs/kit",
    "swc": "@swc/cli",
    "swc-node": "@swc-node/register",
    "ts-node-cwd": "ts-node",
    "ts-node-esm": "ts-node",
    "ts-node-script": "ts-node",
    "ts-node-transpile-only": "ts-node",
    "tsc": "typescript",
    "tsnd": "ts-node-dev",
    "vue-cli-service": "@vue/cli-service",
}

BUILDERS = frozenset(
    "tsc vite webpack next nest ng rollup esbuild parcel nuxt astro react-scripts vue-cli-service tsup gulp babel swc "
    "vue-tsc ncc remix svelte-kit eleventy".split()
)
"""Programs that builds run."""


def package_of_node_program(program: str) -> str:
    """Return the package that brings a program, as far as it is known; any other name is its own package."""
    return _OTHER_NAMES.get(program, program)


def packages_of_node_program(program: str) -> tuple[str, ...]:
    """Return each package that may bring a program: the one that is known to, and `x-cli` and `@x/cli` for an `x`."""
    return program, package_of_node_program(program), f"@{program}/cli", f"{program}-cli"
