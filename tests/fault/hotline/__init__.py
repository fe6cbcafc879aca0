"""The hotline under kills: sipp calls the whole product while its processes die; a judge that imports nothing of it says what was kept."""
