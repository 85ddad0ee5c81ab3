# cmake/debian.cmake: what `cpack` does to the files of a Debian package before
# it packs them. Debian wants manuals and changes compressed, the licence in a
# file called copyright, and its own list of versions.

set(_deploy "${CMAKE_CURRENT_LIST_DIR}/../deploy/debian")

function(compress path)
    execute_process(COMMAND gzip -9n "${path}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(debian_documents name root)
    set(doc "${root}/usr/share/doc/${name}")
    file(READ "${_deploy}/copyright" copyright)
    file(READ "${doc}/LICENSE" licence)
    file(WRITE "${doc}/copyright" "${copyright}\n${licence}")
    file(REMOVE "${doc}/LICENSE")
    file(RENAME "${doc}/CHANGELOG.md" "${doc}/changelog")
    string(TIMESTAMP day "%a, %d %b %Y %H:%M:%S +0000" UTC)
    string(CONCAT entry
        "${name} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) "
        "unstable; urgency=medium\n\n  * See changelog.gz.\n\n"
        " -- ${CPACK_PACKAGE_CONTACT}  ${day}\n")
    file(WRITE "${doc}/changelog.Debian" "${entry}")
    compress("${doc}/changelog")
    compress("${doc}/changelog.Debian")
endfunction()

foreach(name ${CPACK_COMPONENTS_ALL})
    set(root "${CPACK_TEMPORARY_DIRECTORY}/${name}")
    debian_documents(${name} "${root}")
    file(COPY_FILE "${_deploy}/lintian-overrides" "${root}/overrides")
    file(MAKE_DIRECTORY "${root}/usr/share/lintian/overrides")
    file(RENAME "${root}/overrides" "${root}/usr/share/lintian/overrides/${name}")
    file(GLOB manuals "${root}/usr/share/man/man*/*")
    foreach(manual ${manuals})
        compress("${manual}")
    endforeach()
endforeach()
