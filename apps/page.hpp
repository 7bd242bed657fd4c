// The pages that travel inside the program (web/dist/*.html).
#pragma once

#include <string_view>

namespace euromesh::apps {
std::string_view report_page();
std::string_view plan_page();
}  // namespace euromesh::apps
