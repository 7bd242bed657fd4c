#include "federation/http/route.hpp"

#include <algorithm>
#include <set>

namespace euromesh::federation {
namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    path.remove_prefix(1);
    while (true) {
        const std::size_t end = std::min(path.find('/'), path.size());
        segments.push_back(path.substr(0, end));
        if (end == path.size()) return segments;
        path.remove_prefix(end + 1);
    }
}

bool is_parameter(std::string_view segment) {
    return segment.starts_with('{');
}

bool is_fixed_segment(std::string_view segment) {
    return segment.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string_view::npos &&
           segment != "." && segment != "..";
}

bool is_parameter_segment(std::string_view segment) {
    if (segment.size() < 3 || !segment.ends_with('}')) return false;
    return segment.substr(1, segment.size() - 2).find_first_not_of("abcdefghijklmnopqrstuvwxyz_") ==
           std::string_view::npos;
}

Status check_pattern(const Route& route) {
    const auto bad = [&] {
        return fail(Code::bad_input, "route {}: pattern '{}' is not like /v1/jobs/{{id}}", route.id,
                    route.pattern);
    };
    if (!route.pattern.starts_with('/')) return bad();
    std::set<std::string_view> names;
    for (const std::string_view segment : split(route.pattern)) {
        if (segment.empty() && route.pattern != "/") return bad();
        if (is_parameter(segment) ? !is_parameter_segment(segment) : !is_fixed_segment(segment)) return bad();
        if (is_parameter(segment) && !names.insert(segment).second) return bad();
    }
    return {};
}

Status check_bodies(const Route& route, const SchemaSet& schemas) {
    for (const std::string& name : {route.request_schema, route.response_schema}) {
        if (!name.empty() && !schemas.has(name)) {
            return fail(Code::bad_input, "route {}: there is no schema '{}'", route.id, name);
        }
    }
    const bool may_have_body = route.method != HttpMethod::get && route.method != HttpMethod::del;
    if (!may_have_body && route.body_limit > 0) {
        return fail(Code::bad_input, "route {}: {} takes no body", route.id, text_of(route.method));
    }
    if (!route.request_schema.empty() && route.body_limit == 0) {
        return fail(Code::bad_input, "route {}: a request schema and no bytes for it", route.id);
    }
    return {};
}

// Patterns that some path would fit both, with no fixed segment that decides.
bool are_same_shape(const Route& a, const Route& b) {
    const auto one = split(a.pattern), other = split(b.pattern);
    return a.method == b.method && one.size() == other.size() &&
           std::equal(one.begin(), one.end(), other.begin(), [](std::string_view x, std::string_view y) {
               return x == y || (is_parameter(x) && is_parameter(y));
           });
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    return pattern.size() == path.size() &&
           std::equal(pattern.begin(), pattern.end(), path.begin(), [](const auto& want, const auto& have) {
               return is_parameter(want) ? !have.empty() : want == have;
           });
}

}  // namespace

Status Api::check() const {
    EM_TRY(schemas.check_references());
    std::set<std::string> ids;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        const Route& route = routes[i];
        EM_TRY(check_pattern(route));
        EM_TRY(check_bodies(route, schemas));
        if (!route.handler) return fail(Code::bad_input, "route {}: it has no handler", route.id);
        if (route.id.empty() || !ids.insert(route.id).second) {
            return fail(Code::conflict, "route {}: its id '{}' is empty or taken", route.pattern, route.id);
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (are_same_shape(route, routes[j])) {
                return fail(Code::conflict, "routes {} and {}: the same paths", routes[j].id, route.id);
            }
        }
    }
    return {};
}

// Fixed segments go before parameters, so that /v1/jobs/{id} does not hide /v1/jobs/mine.
Router::Router(const std::vector<Route>& routes) {
    for (const Route& route : routes) {
        Entry entry{{}, &route};
        for (const std::string_view segment : split(route.pattern)) entry.segments.emplace_back(segment);
        entries_.push_back(std::move(entry));
    }
    const auto shape = [](const Entry& entry) {
        std::vector<bool> parameters;
        for (const std::string& segment : entry.segments) parameters.push_back(is_parameter(segment));
        return parameters;
    };
    std::stable_sort(entries_.begin(), entries_.end(),
                     [&](const Entry& a, const Entry& b) { return shape(a) < shape(b); });
}

Result<Router::Match> Router::match(HttpMethod method, std::string_view raw_path) const {
    if (!raw_path.starts_with('/')) return fail(Code::bad_input, "path: must begin with '/'");
    std::vector<std::string> segments;
    for (const std::string_view raw : split(raw_path)) {
        auto segment = percent_decoded(raw);
        if (!segment) return fail(segment.error().within("path"));
        if (*segment == "." || *segment == "..")
            return fail(Code::bad_input, "path: '.' and '..' are no names here");
        segments.push_back(std::move(*segment));
    }
    Match match;
    for (const Entry& entry : entries_) {
        if (!fits(entry.segments, segments)) continue;
        match.allowed.push_back(entry.route->method);
        if (match.route != nullptr || entry.route->method != method) continue;
        match.route = entry.route;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const std::string& name = entry.segments[i];
            if (is_parameter(name))
                match.parameters.emplace_back(name.substr(1, name.size() - 2), segments[i]);
        }
    }
    return match;
}

}  // namespace euromesh::federation
