#include "apps/site_check.hpp"

#include <algorithm>

namespace euromesh::apps {
namespace {

std::size_t count_of(std::span<const Finding> findings, Outcome outcome) {
    return static_cast<std::size_t>(std::count_if(
        findings.begin(), findings.end(), [&](const Finding& one) { return one.outcome == outcome; }));
}

// Names of files, hosts and words of other programs end up here: nothing in them may move the cursor.
std::string printable(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return text;
}

Json json_of(const Finding& one) {
    Json row{{"area", one.area},
             {"name", one.name},
             {"outcome", std::string(name_of(one.outcome))},
             {"measured", one.measured},
             {"remedy", one.remedy}};
    if (one.outcome == Outcome::problem) row["code"] = std::string(euromesh::name_of(one.code));
    return row;
}

Outcome worst_of(std::span<const Finding> findings) {
    if (count_of(findings, Outcome::problem) > 0) return Outcome::problem;
    return count_of(findings, Outcome::warning) > 0 ? Outcome::warning : Outcome::ok;
}

}  // namespace

Finding ok(std::string area, std::string name, std::string measured) {
    return {std::move(area), std::move(name), Outcome::ok, std::move(measured), "", Code::unavailable};
}

Finding warning(std::string area, std::string name, std::string measured, std::string remedy) {
    return {std::move(area),     std::move(name),   Outcome::warning,
            std::move(measured), std::move(remedy), Code::unavailable};
}

Finding problem(std::string area, std::string name, const Error& error, std::string remedy) {
    return {std::move(area), std::move(name), Outcome::problem, error.message, std::move(remedy), error.code};
}

Finding not_checked(std::string area, std::string name, std::string why, std::string remedy) {
    return {std::move(area), std::move(name),   Outcome::not_checked,
            std::move(why),  std::move(remedy), Code::unavailable};
}

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::ok:
            return "ok";
        case Outcome::warning:
            return "warning";
        case Outcome::problem:
            return "problem";
        case Outcome::not_checked:
            return "not checked";
    }
    return "";
}

Json findings_json(std::span<const Finding> findings) {
    Json document{{"outcome", std::string(name_of(worst_of(findings)))},
                  {"problems", count_of(findings, Outcome::problem)},
                  {"warnings", count_of(findings, Outcome::warning)},
                  {"not_checked", count_of(findings, Outcome::not_checked)},
                  {"checks", Json::array()}};
    for (const Finding& one : findings) document["checks"].push_back(json_of(one));
    return document;
}

std::string findings_text(std::span<const Finding> findings) {
    std::size_t width = 0;
    for (const Finding& one : findings) width = std::max(width, one.name.size());
    width = std::min<std::size_t>(width, 32);
    std::string text;
    for (const Finding& one : findings) {
        text += printable(fmt::format("{:<11}  {:<7}  {:<{}}  {}", name_of(one.outcome), one.area, one.name,
                                      width, one.measured)) +
                "\n";
        if (!one.remedy.empty()) text += fmt::format("{:13}-> {}\n", "", printable(one.remedy));
    }
    const auto counted = [&](Outcome outcome) {
        const std::size_t count = count_of(findings, outcome);
        return fmt::format("{} {}{}", count, name_of(outcome), count == 1 ? "" : "s");
    };
    return text + fmt::format("{} checks: {}, {}, {} not checked\n", findings.size(),
                              counted(Outcome::problem), counted(Outcome::warning),
                              count_of(findings, Outcome::not_checked));
}

Status verdict(std::span<const Finding> findings) {
    const std::size_t problems = count_of(findings, Outcome::problem);
    if (problems == 0) return {};
    const auto first = std::find_if(findings.begin(), findings.end(),
                                    [](const Finding& one) { return one.outcome == Outcome::problem; });
    return fail(first->code, "site check: {} problem{}, the first: {}: {}", problems,
                problems == 1 ? "" : "s", first->name, printable(first->measured));
}

std::string time_text(Nanoseconds time) {
    const double seconds = to_seconds(time);
    if (seconds >= 1) return fmt::format("{:.1f} s", seconds);
    return fmt::format("{:.{}f} ms", seconds * 1e3, seconds < 0.0995 ? 2 : 0);
}

std::string bytes_text(double bytes) {
    constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    std::size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < std::size(units)) {
        bytes /= 1000;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", bytes, unit > 0 && bytes < 10 ? 1 : 0, units[unit]);
}

}  // namespace euromesh::apps
