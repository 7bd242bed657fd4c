# em_embed(TARGET LAYER FUNCTION HEADER PATTERN): the files that match PATTERN become part of the program, byte for
# byte, as euromesh::LAYER::FUNCTION(), which HEADER declares.
#
# The assembler takes each file in as it is (.incbin): no generated literal, no limit on its length.
function(em_embed target layer function header pattern)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${pattern})
    list(SORT files)
    set(blocks "")
    set(symbols "")
    set(entries "")
    set(number 0)
    foreach(file ${files})
        get_filename_component(name ${file} NAME)
        set(begin em_${layer}_${number}_begin)
        set(end em_${layer}_${number}_end)
        string(APPEND blocks "    \"${begin}:\\n.incbin \\\"${file}\\\"\\n${end}:\\n\"\n")
        string(APPEND symbols "extern const char ${begin}[], ${end}[];\n")
        string(APPEND entries "        {\"${name}\", {${begin}, static_cast<std::size_t>(${end} - ${begin})}},\n")
        math(EXPR number "${number} + 1")
    endforeach()
    set(source ${PROJECT_BINARY_DIR}/generated/embedded_${layer}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT [=[
#include "@header@"

__asm__(
    ".section .rodata\n"
@blocks@    ".previous\n");

extern "C" {
@symbols@}

namespace euromesh::@layer@ {

std::span<const facts::EmbeddedFile> @function@() {
    static const facts::EmbeddedFile files[] = {
@entries@    };
    return files;
}

}  // namespace euromesh::@layer@
]=] @ONLY)
    set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
    target_sources(${target} PRIVATE ${source})
endfunction()

function(em_embed_facts target)
    em_embed(${target} facts embedded_files facts/embedded.hpp data/*.csv)
endfunction()

function(em_embed_scenarios target)
    em_embed(${target} planner embedded_scenarios planner/embedded_scenarios.hpp scenarios/plan/*.toml)
endfunction()

function(em_embed_simulations target)
    em_embed(${target} sim embedded_scenarios sim/embedded_scenarios.hpp scenarios/simulate/*.toml)
endfunction()

function(em_embed_rules target)
    em_embed(${target} federation embedded_rules federation/rules/shipped.hpp data/rules/*)
endfunction()
