# cmake/VeriteePackages.cmake: what `cmake --install` puts where beside the
# programs, and the Debian packages that `cpack` makes of it.

set(_deploy "${PROJECT_SOURCE_DIR}/deploy")
set(_man "${CMAKE_INSTALL_MANDIR}")

install(FILES docs/man/veritee.1 DESTINATION "${_man}/man1" COMPONENT veritee)
install(FILES docs/man/veritee-policy.5 DESTINATION "${_man}/man5"
        COMPONENT veritee)
install(FILES docs/man/veriteed.8 DESTINATION "${_man}/man8"
        COMPONENT veriteed)
install(FILES "${_deploy}/systemd/user/veritee.service"
              "${_deploy}/systemd/user/veritee.socket"
        DESTINATION lib/systemd/user COMPONENT veritee)
install(FILES "${_deploy}/systemd/system/veriteed.service"
              "${_deploy}/systemd/system/veriteed.socket"
        DESTINATION lib/systemd/system COMPONENT veriteed)
# Where the unit looks for them, whatever the prefix.
install(FILES "${_deploy}/systemd/system/veriteed.conf"
              "${_deploy}/systemd/system/veriteed.rules"
        DESTINATION /etc/veritee
        COMPONENT veriteed)
foreach(program veritee veriteed)
    install(FILES LICENSE CHANGELOG.md
            DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/${program}"
            COMPONENT ${program})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "Traffic only to a TEE that has proved what it is")
set(CPACK_PACKAGE_VENDOR "The Veritee authors")
set(VERITEE_CONTACT "The Veritee authors <veritee@localhost>"
    CACHE STRING "Who made the packages")
set(CPACK_PACKAGE_CONTACT "${VERITEE_CONTACT}")
set(CPACK_VERITEE_RELEASE_UNIX 1795305600) # 2026-11-22; with each version
set(CPACK_PROJECT_CONFIG_FILE "${PROJECT_SOURCE_DIR}/cmake/debian_date.cmake")
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/debian.cmake")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL veritee veriteed)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Roots for collateral and for the outer TLS.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_VERITEE_PACKAGE_NAME veritee)
set(CPACK_DEBIAN_VERITEED_PACKAGE_NAME veriteed)
set(CPACK_COMPONENT_VERITEE_DESCRIPTION
    "A local proxy that verifies the attestation quote of each named service,
 judges it by the user's policy, and only then carries traffic through an
 encrypted tunnel.")
set(CPACK_COMPONENT_VERITEED_DESCRIPTION
    "The server for the veritee proxy, to be run inside a TEE: proves to each
 client what it runs in, then carries its streams to the backends that its
 rules name.")
set(CPACK_DEBIAN_VERITEED_PACKAGE_CONTROL_EXTRA
    "${_deploy}/debian/conffiles")
include(CPack)
