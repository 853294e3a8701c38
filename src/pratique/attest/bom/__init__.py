"""Bills of materials of a model: CycloneDX (ECMA-424) and SPDX 3."""
