"""How the repository itself is built, measured beside an earlier checkout of it in one run.

    python -m studies.structure.code --before CHECKOUT        modules, floors, circles, ids, words
    python -m studies.structure.dry_runs --before CHECKOUT    dry runs of three regions
    python -m studies.structure.demo_runs --before CHECKOUT   the demo twice: jobs, CPU, console,
                                                              rasters
    python -m studies.structure.rasters FOLDER                every raster of a finished region

Each writes its rows into studies/records/structure.json and the page docs/reference/structure.md.
"""
