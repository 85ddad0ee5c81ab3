# cmake/VeriteeLibrary.cmake: libveritee-verifier, the verifier as one archive
# for other programs, with its headers, pkg-config file and CMake package.
# BUILD_SHARED_LIBS makes it a shared library instead, which then stands on libc
# alone; the programs are the same with and without.
#
# One object file holds what the public functions need of verifier/, common/ and
# wolfCrypt; only the names in verifier/veritee_verifier.symbols stay visible,
# so that it can live beside another wolfSSL. Not made with sanitizers, whose
# runtime such an object would not fit.

if(VERITEE_SANITIZE OR VERITEE_FUZZ OR VERITEE_SYSTEM_WOLFSSL)
    return()
endif()

set(_library "${CMAKE_BINARY_DIR}/library")
set(_name "libveritee-verifier.a")
set(_kind STATIC)
if(BUILD_SHARED_LIBS)
    # Before 1.0 another minor version is another interface.
    set(_soname "libveritee-verifier.so.${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
    set(_name "libveritee-verifier.so")
    set(_kind SHARED)
endif()
set(_archive "${_library}/${_name}")
set(_symbols "${PROJECT_SOURCE_DIR}/verifier/veritee_verifier.symbols")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_symbols}")
file(STRINGS "${_symbols}" _wanted REGEX "^[a-z]")
list(TRANSFORM _wanted PREPEND "-Wl,-u,")
file(MAKE_DIRECTORY "${_library}")

set(_link COMMAND "${CMAKE_AR}" rcs "${_archive}" verifier.o)
if(BUILD_SHARED_LIBS)
    set(_link
        COMMAND "${CMAKE_C_COMPILER}" -shared -o "${_soname}" verifier.o
                "-Wl,-soname,${_soname}" -Wl,--no-undefined
                -Wl,-z,relro,-z,now,-z,noexecstack -lm -pthread
        COMMAND "${CMAKE_COMMAND}" -E create_symlink "${_soname}" "${_archive}")
endif()
add_custom_command(OUTPUT "${_archive}"
    COMMAND "${CMAKE_C_COMPILER}" -nostdlib -r -o verifier.o ${_wanted}
            -Wl,--start-group $<TARGET_FILE:verifier> $<TARGET_FILE:common>
            $<TARGET_FILE:veritee::wolfssl> -Wl,--end-group
    COMMAND "${CMAKE_OBJCOPY}" "--keep-global-symbols=${_symbols}" verifier.o
    COMMAND "${CMAKE_COMMAND}" -E rm -f "${_archive}"
    ${_link}
    DEPENDS verifier common "${_symbols}"
    WORKING_DIRECTORY "${_library}"
    COMMENT "Linking ${_name}"
    VERBATIM)
add_custom_target(veritee_verifier_library ALL DEPENDS "${_archive}")

# Headers keep their folders, below one of their own.
set(_include "${CMAKE_INSTALL_INCLUDEDIR}/veritee")
set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/VeriteeVerifier")
foreach(header buffer compiler json_out limits slice status)
    install(FILES "${PROJECT_SOURCE_DIR}/common/${header}.h"
            DESTINATION "${_include}/common" COMPONENT library)
endforeach()
foreach(header claims collateral_set explain verify verify_snp veritee_verifier)
    install(FILES "${PROJECT_SOURCE_DIR}/verifier/${header}.h"
            DESTINATION "${_include}/verifier" COMPONENT library)
endforeach()
install(FILES "${_archive}" DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        COMPONENT library)
if(BUILD_SHARED_LIBS)
    install(FILES "${_library}/${_soname}" DESTINATION "${CMAKE_INSTALL_LIBDIR}"
            COMPONENT library)
endif()

include(CMakePackageConfigHelpers)
file(RELATIVE_PATH _to_include # so that the folder may be moved
    "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/veritee-verifier.pc.in"
    "${_library}/veritee-verifier.pc" @ONLY)
configure_package_config_file(
    "${CMAKE_CURRENT_LIST_DIR}/VeriteeVerifierConfig.cmake.in"
    "${_library}/VeriteeVerifierConfig.cmake"
    INSTALL_DESTINATION "${_package}"
    PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(
    "${_library}/VeriteeVerifierConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${_library}/veritee-verifier.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT library)
install(FILES "${_library}/VeriteeVerifierConfig.cmake"
              "${_library}/VeriteeVerifierConfigVersion.cmake"
        DESTINATION "${_package}" COMPONENT library)
