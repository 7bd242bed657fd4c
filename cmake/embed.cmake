# em_embed_facts(TARGET): data/*.csv become part of the program, byte for byte, as embedded_files().
#
# The assembler takes each file in as it is (.incbin): no generated literal, no limit on its length.
function(em_embed_facts target)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/data/*.csv)
    list(SORT files)
    set(blocks "")
    set(symbols "")
    set(entries "")
    set(number 0)
    foreach(file ${files})
        get_filename_component(name ${file} NAME)
        set(begin em_fact_${number}_begin)
        set(end em_fact_${number}_end)
        string(APPEND blocks "    \"${begin}:\\n.incbin \\\"${file}\\\"\\n${end}:\\n\"\n")
        string(APPEND symbols "extern const char ${begin}[], ${end}[];\n")
        string(APPEND entries "        {\"${name}\", {${begin}, static_cast<std::size_t>(${end} - ${begin})}},\n")
        math(EXPR number "${number} + 1")
    endforeach()
    set(source ${PROJECT_BINARY_DIR}/generated/embedded_facts.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT [=[
#include "facts/embedded.hpp"

__asm__(
    ".section .rodata\n"
@blocks@    ".previous\n");

extern "C" {
@symbols@}

namespace euromesh::facts {

std::span<const EmbeddedFile> embedded_files() {
    static const EmbeddedFile files[] = {
@entries@    };
    return files;
}

}  // namespace euromesh::facts
]=] @ONLY)
    set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
    target_sources(${target} PRIVATE ${source})
endfunction()
