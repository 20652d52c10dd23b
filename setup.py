"""The packages, which setup.cfg cannot list: those found, and two folders that stand beside them."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["distributor", "distributor.*", "workflows", "workflows.*"]),
        "distributor.migrations",
        "distributor.templates",
    ],
    package_dir={"distributor.migrations": "migrations", "distributor.templates": "templates"},
)
