#include "apps/page.hpp"

// The assembler takes the file in as it is: no generated source, no limit on the length of a literal.
__asm__(
    ".section .rodata\n"
    ".global em_report_page_begin\n"
    ".global em_report_page_end\n"
    "em_report_page_begin:\n"
    ".incbin \"" EUROMESH_REPORT_PAGE
    "\"\n"
    "em_report_page_end:\n"
    ".previous\n");

extern "C" {
extern const char em_report_page_begin[];
extern const char em_report_page_end[];
}

namespace euromesh::apps {

std::string_view report_page() {
    return {em_report_page_begin, static_cast<std::size_t>(em_report_page_end - em_report_page_begin)};
}

}  // namespace euromesh::apps
