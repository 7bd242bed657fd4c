// Tables as text and back: one line a record.
#include <algorithm>

#include "base/hash.hpp"
#include "federation/core/fields.hpp"
#include "federation/core/tables.hpp"

namespace euromesh::federation {

template <class A>
void describe(A& a, FadingUse& x) {
    a("owner", x.owner), a("site", x.site), a("mgh", x.mgpuh), a("at_ms", x.at_ms);
}

namespace {

constexpr std::int64_t snapshot_version = 2;

struct SnapshotHead {
    std::int64_t version = snapshot_version;
    std::int64_t next_seq = 0;
    std::int64_t time_ms = 0;
};
template <class A>
void describe(A& a, SnapshotHead& x) {
    a("snapshot", x.version), a("next_seq", x.next_seq), a("time_ms", x.time_ms);
}

template <class T>
void append_line(std::string& out, std::string_view kind, const T& record) {
    out += fmt::format(R"(["{}",)", kind);
    append_record(out, record);
    out += "]\n";
}

template <class T>
void append_lines(std::string& out, std::string_view kind, const std::map<std::string, T>& map) {
    for (const auto& entry : map) append_line(out, kind, entry.second);
}

std::string name_of(const JobRecord& job) {
    return job.id;
}
std::string name_of(const ClaimRecord& claim) {
    return claim.id;
}
std::string name_of(const KeyRecord& key) {
    return key.account + '\n' + key.key;
}

// In the order of their names.
template <class T>
void append_lines(std::string& out, std::string_view kind,
                  const std::vector<std::shared_ptr<const T>>& records) {
    std::vector<std::pair<std::string, const T*>> named;
    named.reserve(records.size());
    for (const auto& record : records) named.emplace_back(name_of(*record), record.get());
    std::sort(named.begin(), named.end());
    for (const auto& entry : named) append_line(out, kind, *entry.second);
}

void append_uses(std::string& out, std::string_view kind, const std::vector<FadingUse>& uses) {
    for (const FadingUse& entry : uses) append_line(out, kind, entry);
}

Status restore_use(FairShareTable& table, const Json& json, std::string_view kind) {
    EM_ASSIGN(const FadingUse use, read_record<FadingUse>(json, std::string(kind)));
    return table.put(use);
}

template <class T>
Status restore_into(std::map<std::string, T>& map, const Json& json, std::string_view kind) {
    EM_ASSIGN(T record, read_record<T>(json, std::string(kind)));
    const std::string id = record.id;
    map[id] = std::move(record);
    return {};
}

template <class T>
Status restore_into(RecordTable<T>& table, const Json& json, std::string_view kind) {
    EM_ASSIGN(T record, read_record<T>(json, std::string(kind)));
    const std::string name = name_of(record);
    if (table.insert(name, std::move(record)) == nullptr)
        return fail(Code::bad_input, "{} '{}' comes twice", kind, name.substr(0, 80));
    return {};
}

}  // namespace

TablesImage Tables::image() const {
    TablesImage image;
    image.next_seq_ = next_seq_;
    image.time_ms_ = time_ms_;
    image.federation_ = federation_;
    image.sites_ = sites_;
    image.accounts_ = accounts_;
    image.projects_ = projects_;
    image.data_ = data_;
    image.applications_ = applications_;
    image.allocations_ = allocations_;
    image.jobs_ = jobs_.image();
    image.claims_ = claims_.image();
    image.keys_ = keys_.image();
    image.use_of_owners_ = use_of_owners_.entries();
    image.use_of_projects_ = use_of_projects_.entries();
    return image;
}

std::string TablesImage::text() const {
    std::string out;
    append_line(out, "head", SnapshotHead{snapshot_version, next_seq_, time_ms_});
    append_line(out, "federation", federation_);
    append_lines(out, "site", sites_);
    append_lines(out, "account", accounts_);
    append_lines(out, "project", projects_);
    append_lines(out, "data", data_);
    append_lines(out, "application", applications_);
    append_lines(out, "allocation", allocations_);
    append_lines(out, "job", jobs_);
    append_lines(out, "claim", claims_);
    append_lines(out, "key", keys_);
    append_uses(out, "owner-use", use_of_owners_);
    append_uses(out, "project-use", use_of_projects_);
    return out;
}

std::string Tables::digest() const {
    return to_hex(sha256(snapshot()));
}

Status Tables::restore_line(const Json& line) {
    if (!line.is_array() || line.size() != 2 || !line[0].is_string())
        return fail(Code::bad_input, "must be a list of a kind and a record");
    const std::string kind = line[0].get<std::string>();
    const Json& record = line[1];
    if (kind == "site") return restore_into(sites_, record, kind);
    if (kind == "account") return restore_into(accounts_, record, kind);
    if (kind == "project") return restore_into(projects_, record, kind);
    if (kind == "data") return restore_into(data_, record, kind);
    if (kind == "application") return restore_into(applications_, record, kind);
    if (kind == "allocation") return restore_into(allocations_, record, kind);
    if (kind == "job") return restore_into(jobs_, record, kind);
    if (kind == "claim") return restore_into(claims_, record, kind);
    if (kind == "owner-use") return restore_use(use_of_owners_, record, kind);
    if (kind == "project-use") return restore_use(use_of_projects_, record, kind);
    if (kind == "head") {
        EM_ASSIGN(const SnapshotHead head, read_record<SnapshotHead>(record, kind));
        if (head.version != snapshot_version)
            return fail(Code::bad_input, "snapshot of version {}: this program reads {}", head.version,
                        snapshot_version);
        next_seq_ = head.next_seq;
        time_ms_ = head.time_ms;
        return {};
    }
    if (kind == "federation") {
        EM_ASSIGN(federation_, read_record<FederationRecord>(record, kind));
        if (federation_.use_half_life_ms <= 0)
            return fail(Code::bad_input, "federation/use_half_life_ms: must be above 0");
        take_half_life();
        return {};
    }
    if (kind == "key") return restore_into(keys_, record, kind);
    return fail(Code::bad_input, "unknown kind '{}'", kind.substr(0, 80));
}

// What a record names is there.
Status Tables::check_links() const {
    Status status;
    const auto missing = [&](std::string_view kind, const std::string& id) {
        if (status)
            status =
                fail(Code::corrupted, "snapshot: {} '{}' names what is not there", kind, id.substr(0, 80));
    };
    claims_.for_each([&](const std::string& id, const ClaimRecord& claim) {
        if (job(claim.job) == nullptr || site(claim.site) == nullptr) missing("claim", id);
        if (claim.held > 0 && allocation(claim.allocation) == nullptr) missing("claim", id);
    });
    jobs_.for_each([&](const std::string& id, const JobRecord& job) {
        for (const std::string& name : job.claims)
            if (claim(name) == nullptr) missing("job", id);
    });
    return status;
}

Result<Tables> Tables::restore(std::string_view snapshot) {
    Tables tables;
    std::size_t number = 0;
    while (!snapshot.empty()) {
        number += 1;
        const std::size_t end = snapshot.find('\n');
        if (end == std::string_view::npos)
            return fail(Code::corrupted, "snapshot line {}: is cut off", number);
        EM_ASSIGN(const Json line,
                  parse_json(snapshot.substr(0, end), 4 * event_max_bytes).map_error([&](const auto& e) {
                      return Error{Code::corrupted, fmt::format("snapshot line {}: {}", number, e.message)};
                  }));
        if (const Status status = tables.restore_line(line); !status)
            return fail(Code::corrupted, "snapshot line {}: {}", number, status.error().message);
        snapshot.remove_prefix(end + 1);
    }
    if (tables.next_seq_ == 0) return fail(Code::corrupted, "snapshot: has no head, or is empty");
    EM_TRY(tables.check_links());
    tables.jobs_.for_each([&](const std::string&, const JobRecord& job) { tables.index(job); });
    for (const auto& [id, allocation] : tables.allocations_)
        tables.allocations_by_project_[allocation.project].insert(id);
    tables.claims_.for_each([&](const std::string& id, const ClaimRecord& claim) {
        if (!claim.over()) tables.open_claims_[claim.site].insert(id);
    });
    tables.keys_.for_each([&](const std::string& name, const KeyRecord& key) {
        tables.keys_by_time_.emplace(key.time_ms, name);
    });
    return tables;
}

}  // namespace euromesh::federation
