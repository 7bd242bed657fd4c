#include "federation/service/run_authority.hpp"

#include "base/hash.hpp"
#include "base/os/certificate.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t hour_s = 3600, month_s = 30 * 24 * hour_s, years_s = 10 * 366 * 24 * hour_s;

constexpr const char* seed_words = "euromesh authority of runs v1\n";

Sha256Digest seed_of(const SigningKey& coordinator) {
    const Signature signature = coordinator.sign(seed_words);
    return sha256(std::string_view(reinterpret_cast<const char*>(signature.data()), signature.size()));
}

// A site whose clock is behind must not find it not valid yet.
os::Validity from_until(std::int64_t from_s, std::int64_t length_s) {
    return {std::chrono::seconds(from_s - hour_s), std::chrono::seconds(from_s + length_s)};
}

}  // namespace

Result<RunMember> run_member(const Tables& tables, const std::string& claim, const std::string& site) {
    const ClaimRecord* found = tables.claim(claim);
    const JobRecord* job = found == nullptr ? nullptr : tables.job(found->job);
    const bool is_ours = job != nullptr && found->site == site && !found->over() && found->state != "held" &&
                         job->spec->template_name == contract::train_template;
    if (!is_ours) return fail(Code::refused, "no open claim of this site for a run: {}", claim.substr(0, 64));
    return RunMember{job->id, site, job->submitted_ms, found->limit_ms};
}

Result<Json> certify_member(const SigningKey& coordinator, const RunMember& member,
                            const std::string& public_key, std::int64_t now_ms) {
    const auto seed = seed_of(coordinator);
    EM_ASSIGN(const os::Issued authority, os::make_authority(std::span<const std::uint8_t, 32>(seed),
                                                             {"euromesh run authority", "federation"},
                                                             from_until(now_ms / 1000, years_s)));
    EM_ASSIGN(const std::string certificate,
              os::certify(authority, public_key, {member.site, member.job},
                          from_until(now_ms / 1000, member.limit_ms / 1000 + month_s)));
    return Json{{"authority", authority.certificate}, {"certificate", certificate}};
}

}  // namespace euromesh::federation
