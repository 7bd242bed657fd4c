#include "apps/run_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "apps/text_table.hpp"

namespace euromesh::apps {
namespace {

std::int64_t number(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json list(const Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_array() ? *found : Json::array();
}

bool overlaps(const Json& a, const Json& b) {
    return number(a, "number") <= number(b, "last") + 1 && number(b, "number") <= number(a, "last") + 1;
}

void widen(Json& into, const Json& other) {
    into["number"] = std::min(number(into, "number"), number(other, "number"));
    into["last"] = std::max(number(into, "last"), number(other, "last"));
    into["from_ms"] = std::min(number(into, "from_ms"), number(other, "from_ms"));
    into["until_ms"] = std::max(number(into, "until_ms"), number(other, "until_ms"));
}

// Of one site, by its first round.
Json merged(std::vector<Json> absences) {
    std::sort(absences.begin(), absences.end(),
              [](const Json& a, const Json& b) { return number(a, "number") < number(b, "number"); });
    Json all = Json::array();
    for (const Json& absence : absences) {
        if (!all.empty() && overlaps(all.back(), absence))
            widen(all.back(), absence);
        else
            all.push_back(absence);
    }
    return all;
}

std::string what(const Json& one) {
    const std::string kind = text(one, "kind"), words = text(one, "words");
    const std::string after = words.empty() ? "" : ": " + words;
    if (kind == "allocation")
        return fmt::format("allocation {}{}{}", number(one, "number"),
                           text(one, "id").empty() ? "" : " (" + text(one, "id") + ")", after);
    if (kind == "waiting") return "waited for its next allocation" + after;
    if (kind == "scheduler-silent") return "its scheduler was silent" + after;
    if (kind == "coordinator-away") return "could not reach the coordinator" + after;
    if (kind == "agent-away") return "its agent was not running";
    if (kind == "disk-full") return "its disk was full" + after;
    if (kind == "site-draining") return "took no new work (drained)" + after;
    if (kind == "site-left") return "had left the federation" + after;
    if (kind == "absent" && number(one, "number") == number(one, "last"))
        return fmt::format("had no part in round {}", number(one, "number"));
    if (kind == "absent")
        return fmt::format("had no part in rounds {} to {}", number(one, "number"), number(one, "last"));
    return kind + after;
}

}  // namespace

Json run_story(const Json& run) {
    std::vector<Json> story;
    std::map<std::string, std::vector<Json>> absences;
    for (const Json& site : list(run, "sites")) {
        if (!site.is_object()) continue;
        Json told = list(site, "happenings");
        for (const Json& one : list(site.value("run", Json::object()), "happenings")) told.push_back(one);
        for (Json& one : told) {
            if (!one.is_object()) continue;
            if (text(one, "kind") == "absent") {
                absences[text(one, "site")].push_back(std::move(one));
                continue;
            }
            one["site"] = text(site, "site");
            story.push_back(std::move(one));
        }
    }
    for (auto& [site, told] : absences)
        for (Json& one : merged(std::move(told))) story.push_back(std::move(one));
    std::stable_sort(story.begin(), story.end(), [](const Json& a, const Json& b) {
        return number(a, "from_ms") < number(b, "from_ms");
    });
    return Json(std::move(story));
}

std::string story_text(const Json& story, std::int64_t begin_ms) {
    std::vector<std::vector<std::string>> rows{{"after", "for", "site", "what came between"}};
    for (const Json& one : story) {
        const std::int64_t from = number(one, "from_ms"), until = number(one, "until_ms");
        rows.push_back({fmt::format("{:.1f} s", static_cast<double>(from - begin_ms) / 1000),
                        until == 0 ? "" : fmt::format("{:.1f} s", static_cast<double>(until - from) / 1000),
                        text(one, "site"), what(one)});
    }
    return rows.size() == 1 ? std::string() : text_table(rows);
}

}  // namespace euromesh::apps
