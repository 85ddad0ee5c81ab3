# House rules of the build: flags of every first-party target, and the
# words CMakeLists.txt speaks: module(), pages() and program().

option(VERITEE_TESTS "Build the tests" ON)
option(VERITEE_SIMULATION "veriteed can simulate a TEE; the tests need it" ON)
option(VERITEE_FUZZ "Build the fuzz targets (clang)" OFF)
option(VERITEE_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
# libuv, libsodium, libcurl and wolfSSL are not compiled with it: what happens
# inside of them is not seen, what they are handed is.
option(VERITEE_SANITIZE_THREAD "ThreadSanitizer" OFF)
option(BUILD_SHARED_LIBS "libveritee-verifier is a shared library" OFF)
option(VERITEE_WERROR "Warnings are errors" OFF)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Assertions stay on in every build type: they state what the code relies on.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
    string(REGEX REPLACE "[-/]DNDEBUG" "" CMAKE_C_FLAGS_${type}
                         "${CMAKE_C_FLAGS_${type}}")
endforeach()

add_library(house INTERFACE)
target_include_directories(house INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(house INTERFACE
    _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE
    VERITEE_VERSION="${PROJECT_VERSION}")
target_compile_options(house INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wswitch-enum -Wvla -Wformat=2 -Wundef
    # assert(!"why this cannot be") is a pointer made a truth, on purpose.
    $<$<C_COMPILER_ID:Clang>:-Wno-string-conversion>
    -fstack-protector-strong -fno-common
    # The same binary wherever it is built: tests/e2e/reproducible_plain.sh.
    $<$<CONFIG:RelWithDebInfo>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>
    $<$<CONFIG:RelWithDebInfo>:-ffile-prefix-map=${CMAKE_BINARY_DIR}=build>)
if(VERITEE_WERROR)
    target_compile_options(house INTERFACE -Werror)
endif()
if(VERITEE_SANITIZE OR VERITEE_FUZZ)
    target_compile_options(house INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer -g)
    target_link_options(house INTERFACE -fsanitize=address,undefined)
elseif(VERITEE_SANITIZE_THREAD)
    target_compile_options(house INTERFACE
        -fsanitize=thread -fno-omit-frame-pointer -g)
    target_link_options(house INTERFACE -fsanitize=thread)
else()
    target_compile_definitions(house INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
    target_link_options(house INTERFACE -Wl,-z,relro,-z,now)
endif()
if(VERITEE_FUZZ)
    target_compile_options(house INTERFACE -fsanitize=fuzzer-no-link)
endif()

# target_of(<folder> <out>): "proxy/io" is the target "proxy_io".
function(target_of folder out)
    string(REPLACE "/" "_" name "${folder}")
    set(${out} "${name}" PARENT_SCOPE)
endfunction()

# module(<folder> USES <lower folders and libraries>...): the folder's .c files,
# but for main.c, as one static library. The list is a glob, so that a file of
# a folder cannot be forgotten; ninja looks again at each build.
function(module folder)
    cmake_parse_arguments(arg "" "WITHOUT" "USES" ${ARGN})
    target_of(${folder} name)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.c")
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    if(arg_WITHOUT)
        list(FILTER sources EXCLUDE REGEX "${arg_WITHOUT}")
    endif()
    set(link PUBLIC)
    if(sources)
        add_library(${name} STATIC ${sources})
        set_target_properties(${name} PROPERTIES OUTPUT_NAME "veritee_${name}")
    else()
        add_library(${name} INTERFACE)
        set(link INTERFACE)
    endif()
    target_link_libraries(${name} ${link} house)
    foreach(used ${arg_USES})
        target_of(${used} used_name)
        target_link_libraries(${name} ${link} ${used_name})
    endforeach()
endfunction()

# pages(<folder>): the files of <folder>/pages/ as macros of a header,
# "<folder>/pages.h" (cmake/embed.py).
find_package(Python3 REQUIRED COMPONENTS Interpreter)
function(pages folder)
    target_of(${folder} name)
    set(header "${CMAKE_BINARY_DIR}/generated/${folder}/pages.h")
    file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/pages/*")
    add_custom_command(
        OUTPUT "${header}"
        COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/cmake/embed.py"
                "${header}" ${files}
        DEPENDS "${PROJECT_SOURCE_DIR}/cmake/embed.py" ${files}
        COMMENT "Embedding ${folder}/pages" VERBATIM)
    target_sources(${name} PRIVATE "${header}")
    target_include_directories(${name} PRIVATE "${CMAKE_BINARY_DIR}/generated")
endfunction()

# program(<name> <folder>): main.c of the folder, linked with its module.
function(program name folder)
    target_of(${folder} module_name)
    if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}/main.c")
        add_executable(${name} "${PROJECT_SOURCE_DIR}/${folder}/main.c")
        target_link_libraries(${name} PRIVATE ${module_name})
        install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
                COMPONENT ${name})
    endif()
endfunction()
