#include "apps/progress_file.hpp"

#include <algorithm>
#include <cmath>

#include "apps/replica.hpp"
#include "apps/run_folder.hpp"
#include "sync/manifest.hpp"

namespace euromesh::apps {
namespace {

std::int64_t integer_of(const Json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::int64_t scaled(const Json& event, const char* key, double factor) {
    const auto found = event.find(key);
    if (found == event.end() || !found->is_number()) return 0;
    const double value = found->get<double>() * factor;
    return std::isfinite(value) && value > 0 && value < 9e18 ? std::llround(value) : 0;
}

// Chain digest of the newest whole line; empty: there is none.
std::string newest_head(const os::Path& manifests) {
    std::error_code error;
    const auto size = std::filesystem::file_size(manifests, error);
    if (error || size == 0) return {};
    const auto text = os::read_file(manifests, 1u << 30);
    if (!text || text->empty() || text->back() != '\n') return {};
    const std::size_t end = text->size() - 1;
    const std::size_t before = end == 0 ? std::string::npos : text->rfind('\n', end - 1);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    return sync::chain_digest(std::string_view(*text).substr(begin, end - begin));
}

}  // namespace

ProgressFile::ProgressFile(os::Path file, os::Path manifests, std::int64_t rounds_all,
                           std::vector<std::string> sites)
    : file_(std::move(file)), manifests_(std::move(manifests)), sites_(std::move(sites)) {
    const auto text = os::read_file(file_, federation::run_progress_max_bytes);
    const auto json = text ? parse_json(*text) : Result<Json>(fail(text.error()));
    const auto before =
        json ? federation::read_run_progress(*json) : Result<federation::RunProgress>(fail(json.error()));
    if (before) progress_ = *before;
    progress_.rounds_all = rounds_all;
    progress_.address.clear();
    progress_.done = false;
}

void ProgressFile::take_absence(const std::string& site, const Json& event) {
    const std::int64_t round = integer_of(event, "round"), now = integer_of(event, "at_ms");
    auto& all = progress_.happenings;
    const auto last =
        std::find_if(all.rbegin(), all.rend(), [&](const auto& one) { return one.site == site; });
    if (last != all.rend() && last->last + 1 == round) {
        last->last = round;
        last->until_ms = std::max(last->from_ms, now);
        return;
    }
    all.push_back(
        {.kind = "absent", .site = site, .from_ms = now, .until_ms = now, .number = round, .last = round});
    tidy(all);
}

void ProgressFile::take_round(const Json& event) {
    const Json members = event.value("members", Json::array());
    for (const std::string& site : sites_)
        if (std::find(members.begin(), members.end(), Json(site)) == members.end()) take_absence(site, event);
    progress_.rounds = std::max(progress_.rounds, integer_of(event, "round") + 1);
    progress_.members = static_cast<std::int64_t>(members.size());
    if (event.value("contributed", false)) {
        progress_.inner_steps += integer_of(event, "inner_steps");
        progress_.tokens += integer_of(event, "tokens");
    }
    progress_.bytes_sent += integer_of(event, "bytes_sent");
    progress_.bytes_received += integer_of(event, "bytes_received");
    progress_.compute_ms += scaled(event, "compute_s", 1000);
    progress_.wait_ms += scaled(event, "wait_s", 1000);
    progress_.loss_millionths = scaled(event, "loss", 1e6);
    progress_.outer_digest = event.value("digest", "");
}

void ProgressFile::take(const Json& event) {
    const std::string kind = event.value("event", "");
    if (kind == "listens") {
        progress_.address = event.value("address", "");
        progress_.starts += 1;
    } else if (kind == "round") {
        take_round(event);
    } else if (kind == "evaluation") {
        const Json losses = event.value("loss", Json::object());
        for (const auto& [language, loss] : losses.items())
            progress_.held_out_millionths = scaled(Json{{"loss", loss}}, "loss", 1e6);
    } else if (kind == "done" || kind == "left") {
        progress_.bytes_sent += integer_of(event, "bytes_sent");
        progress_.bytes_received += integer_of(event, "bytes_received");
        progress_.address.clear();
        progress_.done = progress_.rounds >= progress_.rounds_all;
        progress_.manifest_head = newest_head(manifests_);
    } else {
        return;
    }
    write();
}

void ProgressFile::write() {
    const Status written = os::write_file_atomically(file_, federation::record_text(progress_));
    if (!written)
        std::fprintf(stderr, "euromesh: progress is not told: %s\n", written.error().message.c_str());
}

Result<std::shared_ptr<ProgressFile>> progress_file_of(const contract::RunSpec& spec,
                                                       const std::string& site) {
    if (!spec.placed || spec.placed->progress_file.empty()) return std::shared_ptr<ProgressFile>();
    std::vector<std::string> sites;
    for (const contract::SiteSpec& one : spec.sites) sites.push_back(one.id.text());
    return std::make_shared<ProgressFile>(spec.placed->progress_file, manifest_file(spec, site),
                                          static_cast<std::int64_t>(Rounds(spec).count()), std::move(sites));
}

}  // namespace euromesh::apps
