# cmake/VeriteeDeps.cmake: the libraries of others, as targets.
#
#   veritee::wolfssl veritee::curl
#   veritee::llhttp                        from VERITEE_DEPS (cmake/deps.sh)
#   veritee::uv veritee::sodium veritee::cbor veritee::yaml
#   veritee::openssl, for libcurl alone    from Debian (cmake/packages.sh build)
#   veritee::cmocka veritee::wslay
#   veritee::jansson                       only if installed (... test)
#   veritee::ipsec_mb                      see VERITEE_IPSEC_MB
#
# All are imported, so their headers are system headers to the compiler. Sees
# to nothing else: which folder may link which target is CMakeLists.txt's.
# A file that includes a wolfSSL header includes <wolfssl/options.h> first.

include_guard(GLOBAL)

get_filename_component(_veritee_root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
set(VERITEE_DEPS "${_veritee_root}/build/deps" CACHE PATH
    "Where cmake/deps.sh put wolfSSL, libcurl and llhttp")
option(VERITEE_SYSTEM_WOLFSSL
    "Last resort: the system's wolfSSL and libcurl; slow on Debian, and less strict"
    OFF)

set(VERITEE_IPSEC_MB AUTO CACHE STRING
    "AES-GCM with VAES by libipsec-mb: ON, OFF, or AUTO, where there is one")
set_property(CACHE VERITEE_IPSEC_MB PROPERTY STRINGS AUTO ON OFF)

# --- what pkg-config knows ---------------------------------------------------

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
set(_veritee_missing "")

# _veritee_pkg(<name> <pkg-config module> [OPTIONAL]): veritee::<name>
function(_veritee_pkg name module)
    pkg_check_modules(veritee_${name} QUIET IMPORTED_TARGET GLOBAL "${module}")
    if(veritee_${name}_FOUND)
        add_library(veritee::${name} ALIAS PkgConfig::veritee_${name})
    elseif(NOT "OPTIONAL" IN_LIST ARGN)
        set(_veritee_missing "${_veritee_missing}\n  ${module}" PARENT_SCOPE)
    endif()
endfunction()

_veritee_pkg(uv      "libuv>=1.44")
_veritee_pkg(sodium  "libsodium>=1.0.18")
_veritee_pkg(cbor    "libcbor>=0.8")
_veritee_pkg(yaml    "yaml-0.1>=0.2.5")
if(VERITEE_SYSTEM_WOLFSSL)
    _veritee_pkg(curl "libcurl>=7.88")
else()
    _veritee_pkg(openssl "openssl>=3.0")
endif()
_veritee_pkg(cmocka  "cmocka>=1.1.5" OPTIONAL)
_veritee_pkg(jansson "jansson>=2.14" OPTIONAL)
if(_veritee_missing)
    message(FATAL_ERROR "Missing:${_veritee_missing}\n"
        "Run: cmake/packages.sh build")
endif()

# Debian's package has no pkg-config file.
find_path(VERITEE_WSLAY_INCLUDE wslay/wslay.h)
find_library(VERITEE_WSLAY_LIBRARY wslay)
mark_as_advanced(VERITEE_WSLAY_INCLUDE VERITEE_WSLAY_LIBRARY)
if(VERITEE_WSLAY_INCLUDE AND VERITEE_WSLAY_LIBRARY)
    add_library(veritee::wslay UNKNOWN IMPORTED GLOBAL)
    set_target_properties(veritee::wslay PROPERTIES
        IMPORTED_LOCATION "${VERITEE_WSLAY_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${VERITEE_WSLAY_INCLUDE}")
endif()

# --- libipsec-mb, if it is there ---------------------------------------------

# The archive, of which 0.5 MB are linked; the shared library is 12 MB. It needs
# the functions that proxy/tunnel/aead_vaes.c declares, for no header does.
if(VERITEE_IPSEC_MB)
    include(CheckCSourceCompiles)
    find_path(VERITEE_IPSEC_MB_INCLUDE intel-ipsec-mb.h)
    find_library(VERITEE_IPSEC_MB_LIBRARY libIPSec_MB.a)
    mark_as_advanced(VERITEE_IPSEC_MB_INCLUDE VERITEE_IPSEC_MB_LIBRARY)
    if(VERITEE_IPSEC_MB_INCLUDE AND VERITEE_IPSEC_MB_LIBRARY)
        set(CMAKE_REQUIRED_LIBRARIES "${VERITEE_IPSEC_MB_LIBRARY}")
        check_c_source_compiles("
            void aes_keyexp_256_enc_avx512(void);
            void aes_gcm_precomp_256_vaes_avx512(void);
            void aes_gcm_enc_256_vaes_avx512(void);
            void aes_gcm_dec_256_vaes_avx512(void);
            int main(void)
            {
                aes_keyexp_256_enc_avx512();
                aes_gcm_precomp_256_vaes_avx512();
                aes_gcm_enc_256_vaes_avx512();
                aes_gcm_dec_256_vaes_avx512();
                return 0;
            }" VERITEE_IPSEC_MB_LINKS)
        unset(CMAKE_REQUIRED_LIBRARIES)
    endif()
    if(VERITEE_IPSEC_MB_LINKS)
        add_library(veritee::ipsec_mb STATIC IMPORTED GLOBAL)
        set_target_properties(veritee::ipsec_mb PROPERTIES
            IMPORTED_LOCATION "${VERITEE_IPSEC_MB_LIBRARY}"
            INTERFACE_INCLUDE_DIRECTORIES "${VERITEE_IPSEC_MB_INCLUDE}")
    elseif(NOT VERITEE_IPSEC_MB STREQUAL AUTO)
        message(FATAL_ERROR "No libipsec-mb 1.3 for x86-64 (libipsec-mb-dev)")
    endif()
endif()

# --- what cmake/deps.sh made -------------------------------------------------

# _veritee_static(<name> <archive> <header> [libraries...]): veritee::<name>
function(_veritee_static name archive header)
    set(lib "${VERITEE_DEPS}/lib/${archive}")
    set(include "${VERITEE_DEPS}/include")
    if(NOT EXISTS "${lib}" OR NOT EXISTS "${include}/${header}")
        message(FATAL_ERROR "No ${archive} in ${VERITEE_DEPS}\n"
            "Run: cmake/deps.sh ${VERITEE_DEPS}")
    endif()
    add_library(veritee::${name} STATIC IMPORTED GLOBAL)
    set_target_properties(veritee::${name} PROPERTIES
        IMPORTED_LOCATION "${lib}"
        INTERFACE_INCLUDE_DIRECTORIES "${include}"
        INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()

if(VERITEE_SYSTEM_WOLFSSL)
    # Both wolfSSL headers in one include path would mix struct layouts.
    if(EXISTS "${VERITEE_DEPS}/include/wolfssl")
        message(FATAL_ERROR "VERITEE_SYSTEM_WOLFSSL, but ${VERITEE_DEPS} holds "
            "a wolfSSL too: name another VERITEE_DEPS, or switch it off")
    endif()
    message(WARNING "Using the system's wolfSSL: expect AES-GCM to be slow")
    pkg_check_modules(veritee_wolfssl REQUIRED IMPORTED_TARGET GLOBAL wolfssl)
    add_library(veritee::wolfssl ALIAS PkgConfig::veritee_wolfssl)
    find_path(VERITEE_LLHTTP_INCLUDE llhttp.h PATHS "${VERITEE_DEPS}/include")
    find_library(VERITEE_LLHTTP_LIBRARY llhttp PATHS "${VERITEE_DEPS}/lib")
    set(_veritee_major "")
    if(VERITEE_LLHTTP_INCLUDE)
        file(STRINGS "${VERITEE_LLHTTP_INCLUDE}/llhttp.h" _veritee_major
            REGEX "^#define LLHTTP_VERSION_MAJOR (9|[1-9][0-9])")
    endif()
    if(NOT _veritee_major OR NOT VERITEE_LLHTTP_LIBRARY)
        message(FATAL_ERROR "No llhttp 9 (libllhttp-dev on Debian 13)")
    endif()
    add_library(veritee::llhttp UNKNOWN IMPORTED GLOBAL)
    set_target_properties(veritee::llhttp PROPERTIES
        IMPORTED_LOCATION "${VERITEE_LLHTTP_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${VERITEE_LLHTTP_INCLUDE}")
else()
    _veritee_static(wolfssl libwolfssl.a wolfssl/options.h Threads::Threads)
    _veritee_static(llhttp libllhttp.a llhttp.h)
    _veritee_static(curl libcurl.a curl/curl.h veritee::openssl Threads::Threads)

    # The stamp names the script that filled the folder.
    set(_veritee_stamp "")
    if(EXISTS "${VERITEE_DEPS}/stamp")
        file(STRINGS "${VERITEE_DEPS}/stamp" _veritee_stamp REGEX "^script ")
    endif()
    file(SHA256 "${CMAKE_CURRENT_LIST_DIR}/deps.sh" _veritee_script)
    if(NOT _veritee_stamp STREQUAL "script ${_veritee_script}")
        message(WARNING "${VERITEE_DEPS} is from another cmake/deps.sh\n"
            "Run: cmake/deps.sh ${VERITEE_DEPS}")
    endif()
endif()
