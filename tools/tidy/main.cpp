// em_tidy tree ROOT: prints every place that breaks a rule. em_tidy samples ROOT: proves the rules on bad
// samples.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/os/file.hpp"
#include "tools/tidy/rules.hpp"
#include "tools/tidy/samples.hpp"

namespace euromesh::tidy {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_text = 4U << 20U;

// Built, fetched or generated: not ours to judge. The rule file names what it forbids, and so do the samples.
bool is_skipped(const std::string& path) {
    for (const char* const skipped :
         {".git", "build", "runs", "web/dist", "web/.test", "tools/tidy_rules.txt", "tools/tidy_samples"}) {
        if (path == skipped) return true;
    }
    return fs::path(path).filename() == "node_modules";
}

bool is_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos;
}

Result<std::vector<File>> files_below(const fs::path& root) {
    std::vector<File> files;
    for (fs::recursive_directory_iterator entry(root), end; entry != end; ++entry) {
        const std::string path = entry->path().lexically_relative(root).generic_string();
        if (is_skipped(path)) {
            if (entry->is_directory()) entry.disable_recursion_pending();
            continue;
        }
        if (!entry->is_regular_file()) continue;
        EM_ASSIGN(std::string text, os::read_file(entry->path(), largest_text));
        if (is_text(text)) files.push_back({path, std::move(text)});
    }
    std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
    return files;
}

Result<Rules> rules_of(const fs::path& root) {
    EM_ASSIGN(const std::string text, os::read_file(root / "tools/tidy_rules.txt", largest_text));
    return parse_rules(text, "tools/tidy_rules.txt");
}

Result<std::size_t> check_tree(const fs::path& root) {
    EM_ASSIGN(const Rules rules, rules_of(root));
    EM_ASSIGN(const std::vector<File> files, files_below(root));
    const std::vector<Finding> findings = check(rules, files);
    for (const Finding& finding : findings) {
        fmt::print("{}:{}: {}: {}\n", finding.path, finding.line, finding.rule, finding.message);
    }
    fmt::print("{} files, {} findings\n", files.size(), findings.size());
    return findings.size();
}

Result<std::size_t> check_samples(const fs::path& root) {
    EM_ASSIGN(const Rules rules, rules_of(root));
    EM_ASSIGN(const std::vector<File> samples, files_below(root / "tools/tidy_samples"));
    return prove(rules, samples);
}

int run(const std::vector<std::string>& arguments) {
    if (arguments.size() != 2 || (arguments[0] != "tree" && arguments[0] != "samples")) {
        fmt::print(stderr, "usage: em_tidy tree|samples ROOT\n");
        return 2;
    }
    const auto wrong = arguments[0] == "tree" ? check_tree(arguments[1]) : check_samples(arguments[1]);
    if (!wrong) fmt::print(stderr, "em_tidy: {}\n", wrong.error().message);
    return wrong && *wrong == 0 ? 0 : 1;
}

}  // namespace

}  // namespace euromesh::tidy

int main(int argc, char** argv) {
    return euromesh::tidy::run({argv + 1, argv + argc});
}
