#include "federation/http/problem_pages.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "base/os/file.hpp"
#include "federation/http/problem.hpp"

namespace euromesh::federation {
namespace {

const ProblemKind* kind_of(std::string_view name) {
    const auto kinds = problem_kinds();
    const auto found = std::ranges::find(kinds, name, &ProblemKind::name);
    return found == kinds.end() ? nullptr : &*found;
}

// Names and statuses that stand in the sources.
std::set<std::pair<std::string, int>> named_in_sources() {
    const std::regex call(R"re((?:simple_problem|wrong)\(\s*([0-9]{3}),\s*"([a-z-]+)")re");
    std::set<std::pair<std::string, int>> names;
    for (const char* folder : {"src/federation/http", "src/federation/service", "apps"}) {
        for (const auto& file : std::filesystem::directory_iterator(folder)) {
            const std::string path = file.path().string();
            if (!path.ends_with(".cpp") || path.ends_with("_test.cpp")) continue;
            const std::string text = os::read_file(path, 1u << 20).value();
            for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at)
                names.emplace((*at)[2], std::stoi((*at)[1]));
        }
    }
    return names;
}

TEST_CASE("every problem that the sources name has a page, with its status, and no page is of none") {
    auto names = named_in_sources();
    CHECK(names.size() > 15);
    for (int code = 0; code < 32; ++code) {
        const Problem problem = problem_of(Error{static_cast<Code>(code), "x"});
        names.emplace(problem.name, problem.status);
    }
    for (const auto& named : names) {
        CAPTURE(named.first);
        const ProblemKind* kind = kind_of(named.first);
        REQUIRE(kind != nullptr);
        CHECK(kind->status == named.second);
    }
    CHECK(names.size() == problem_kinds().size());
}

TEST_CASE("pages are in order, say what it means and what to do, and the list leads to all") {
    const std::string list = problem_list_text();
    CHECK(std::ranges::is_sorted(problem_kinds(), {}, &ProblemKind::name));
    for (const ProblemKind& kind : problem_kinds()) {
        CHECK(list.find(fmt::format("(/problems/{})", kind.name)) != std::string::npos);
        const std::string page = problem_page_text(kind);
        CHECK(page.starts_with(fmt::format("# {}\n", kind.name)));
        CHECK(page.find("**What to do.** ") != std::string::npos);
        CHECK(title_of(kind.status) != "Unknown");
    }
}

TEST_CASE("the routes are public and fit the rest") {
    Api api;
    api.title = "t";
    api.version = "1";
    add_problem_routes(api);
    CHECK(api.routes.size() == 2);
    CHECK(api.check());
    for (const Route& route : api.routes) CHECK(route.is_public());
}

}  // namespace
}  // namespace euromesh::federation
