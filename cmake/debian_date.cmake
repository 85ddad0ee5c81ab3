# cmake/debian_date.cmake: what `cpack` reads before anything else. Packages are
# of the day of the release, so that the same sources give the same packages;
# the environment may name another, as reproducible-builds.org has it.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
    set(ENV{SOURCE_DATE_EPOCH} "${CPACK_VERITEE_RELEASE_UNIX}")
endif()
