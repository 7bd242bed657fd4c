# em_headers(TARGET...): what most sources include is parsed once for all of them. Only where clang builds the tests again with
# sanitizers and without optimization, which is half parsing; g++'s build of the same sources sees that each includes what it needs.
function(em_headers)
    if(NOT EUROMESH_FUZZ)
        return()
    endif()
    if(NOT TARGET em_common_headers)
        file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/generated/common_headers.cpp CONTENT "")
        add_library(em_common_headers OBJECT ${PROJECT_BINARY_DIR}/generated/common_headers.cpp)
        target_link_libraries(em_common_headers PRIVATE em_flags)
        # Without the time of the headers, the compiler cache knows it again.
        target_compile_options(em_common_headers PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
        target_precompile_headers(em_common_headers PRIVATE
            <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <condition_variable> <cstdint> <cstring> <deque> <filesystem>
            <fstream> <functional> <map> <memory> <mutex> <numeric> <optional> <ranges> <set> <span> <sstream> <string>
            <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector>
            <fmt/format.h> <nlohmann/json.hpp> <tl/expected.hpp>)
    endif()
    foreach(target ${ARGN})
        target_precompile_headers(${target} REUSE_FROM em_common_headers)
    endforeach()
endfunction()
