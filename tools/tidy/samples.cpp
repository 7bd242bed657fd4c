#include "tools/tidy/samples.hpp"

#include <algorithm>
#include <sstream>

namespace euromesh::tidy {

namespace {

struct Sample {
    File file;
    std::vector<std::string> expected;  // "layer 2"
};

Result<Sample> parse_sample(const File& source) {
    Sample sample;
    std::istringstream in(source.text);
    std::string line;
    while (std::getline(in, line) && line != "---") {
        const std::size_t colon = line.find(": ");
        const std::string key = line.substr(0, colon);
        if (colon == std::string::npos || (key != "path" && key != "expect")) {
            return fail(Code::bad_input, "{}: '{}' is not 'path: …', 'expect: …' or '---'", source.path,
                        line);
        }
        (key == "path" ? sample.file.path : sample.expected.emplace_back()) = line.substr(colon + 2);
    }
    while (std::getline(in, line)) {
        std::size_t times = 1;
        if (line.rfind("@repeat ", 0) == 0) {
            std::istringstream words(line.substr(8));
            words >> times;
            std::getline(words >> std::ws, line);
        }
        while (times-- > 0) sample.file.text += line + "\n";
    }
    return sample;
}

std::vector<std::string> judge(const Rules& rules, const Sample& sample) {
    std::vector<std::string> found;
    for (const Finding& finding : check(rules, {sample.file})) {
        found.push_back(fmt::format("{} {}", finding.rule, finding.line));
    }
    return found;
}

}  // namespace

Result<std::size_t> prove(const Rules& rules, const std::vector<File>& samples) {
    std::size_t wrong = 0;
    std::set<std::string> unproved = {"layer",     "header",        "word",     "text",
                                      "long-file", "long-function", "untested", "white-space"};
    for (const File& source : samples) {
        EM_ASSIGN(Sample sample, parse_sample(source));
        std::vector<std::string> found = judge(rules, sample);
        std::sort(found.begin(), found.end());
        std::sort(sample.expected.begin(), sample.expected.end());
        for (const std::string& finding : found) unproved.erase(finding.substr(0, finding.find(' ')));
        if (found == sample.expected) continue;
        ++wrong;
        fmt::print("{}: expected [{}], found [{}]\n", source.path, fmt::join(sample.expected, ", "),
                   fmt::join(found, ", "));
    }
    for (const std::string& rule : unproved) fmt::print("rule '{}' has no bad sample\n", rule);
    fmt::print("{} samples, {} judged wrongly, {} rules without a sample\n", samples.size(), wrong,
               unproved.size());
    return wrong + unproved.size();
}

}  // namespace euromesh::tidy
