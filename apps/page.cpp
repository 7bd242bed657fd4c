#include "apps/page.hpp"

// The assembler takes a file in as it is: no generated source, no limit on the length of a literal.
#define EM_TAKE_IN(name, file)                                                      \
    __asm__(".section .rodata\n.global " name "_begin\n.global " name "_end\n" name \
            "_begin:\n.incbin \"" file "\"\n" name "_end:\n.previous\n")

EM_TAKE_IN("em_report_page", EUROMESH_REPORT_PAGE);
EM_TAKE_IN("em_plan_page", EUROMESH_PLAN_PAGE);

extern "C" {
extern const char em_report_page_begin[];
extern const char em_report_page_end[];
extern const char em_plan_page_begin[];
extern const char em_plan_page_end[];
}

namespace euromesh::apps {

std::string_view report_page() {
    return {em_report_page_begin, static_cast<std::size_t>(em_report_page_end - em_report_page_begin)};
}

std::string_view plan_page() {
    return {em_plan_page_begin, static_cast<std::size_t>(em_plan_page_end - em_plan_page_begin)};
}

}  // namespace euromesh::apps
