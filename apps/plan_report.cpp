#include "apps/plan_report.hpp"

#include "apps/page.hpp"
#include "apps/report.hpp"
#include "base/os/file.hpp"

namespace euromesh::apps {

Status write_plan_report(const Json& document, const std::filesystem::path& file) {
    EM_ASSIGN(const std::string html, render_report(plan_page(), document));
    return os::write_file_atomically(file, html);
}

}  // namespace euromesh::apps
