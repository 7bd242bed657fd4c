// The report page that travels inside the program (web/dist/report.html).
#pragma once

#include <string_view>

namespace euromesh::apps {
std::string_view report_page();
}  // namespace euromesh::apps
