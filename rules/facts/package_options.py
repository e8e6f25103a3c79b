"""The long options of package managers that stop at one that they do not know, as their own programs list them."""

from __future__ import annotations

_APT = (
    "all-versions allow-change-held-packages allow-downgrades allow-insecure-repositories allow-releaseinfo-change "
    "allow-remove-essential allow-unauthenticated allow-weak-repositories arch-only assume-no assume-yes audit "
    "auto-remove autoremove build build-profiles cdrom comment compile config-file default-release diff-only "
    "download download-only dry-run dsc-only error-on fix-broken fix-missing fix-policy force-yes format full help "
    "host-architecture ignore-hold ignore-missing indep-only install-recommends install-suggests just-print list- "
    "cleanup mark-auto option only-source only-upgrade planner print-uris purge quiet recon reinstall remove show- "
    "progress show-upgraded simulate snapshot solver strict-semantics tar-only target-release trivial-only update "
    "upgrade verbose-versions version with-new-pkgs with-source yes no-act"
)
"""apt-get(8) and `apt-private/private-cmndline.cc` of apt 3.0."""
_APK = (
    "allow-untrusted arch available cache cache-dir cache-max-age cache-packages cache-predownload chown clean- "
    "protected commit-hooks check-certificate depends force force-binary-stdout force-broken-world force-missing- "
    "repositories force-no-chroot force-non-repository force-old-apk force-overwrite force-refresh help initdb "
    "initramfs-diskless-boot interactive keys-dir latest legacy-info logfile network overlay-from-stdin preserve- "
    "env print-arch progress progress-fd purge quiet rdepends repositories-file repository root root-tmpfs scripts "
    "simulate sync timeout update update-cache upgrade usermode uvol-manager verbose version virtual wait"
)
"""apk(8) and apk-add(8), and the tables of options in `src/app_*.c` of apk-tools 2.14 and 3.0."""
_PIP = (
    "abi allow-all-external allow-external allow-insecure allow-unverified break-system-packages build build- "
    "constraint build-isolation cache-dir cert check check-build-dependencies clean client-cert compile config- "
    "settings constraint debug default-timeout default-vcs dependencies deps disable-pip-version-check download "
    "download-cache dry-run editable egg exists-action extra-index-url find-links force force-keyring force- "
    "reinstall global-option group help ignore-installed ignore-requires-python implementation index index-url "
    "input install-option install-options isolated keyring-provider local log log-explicit-levels log-file no- "
    "binary no-build-isolation no-cache no-cache-dir no-check-certificate no-clean no-color no-compile no- "
    "dependencies no-deps no-download no-index no-input no-install no-python-version-warning no-use-pep517 no-use- "
    "wheel no-user no-warn-conflicts no-warn-script-location only-binary only-deps platform pre prefer-binary "
    "prefix process-dependency-links progress-bar proxy pypi-url python python-version quiet report require-hashes "
    "require-virtualenv requirement requirements-from-script resume-retries retries root root-user-action skip- "
    "requirements-regex source source-dir src target timeout trusted-host upgrade upgrade-strategy uploaded-prior- "
    "to use-deprecated use-feature use-mirrors use-pep517 use-wheel user verbose version yes"
)
"""`pip install --help` from pip 1.0 to 26, with the options that it has given up since."""
LONG_OPTIONS = {
    manager: frozenset(f"--{name}" for name in names.split())
    for manager, names in (("apt", _APT), ("apk", _APK), ("pip", _PIP))
}
"""By manager its long options; each of apt's and apk's has a `--no-` form, too."""
