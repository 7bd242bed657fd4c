#include "sync/exchange/pki.hpp"

#include <vector>

#include "base/os/certificate.hpp"

namespace euromesh::sync {
namespace {

constexpr std::uint64_t pem_max_bytes = 64u << 10;
// A site whose clock is a little behind must not find a new certificate "not valid yet".
constexpr std::chrono::hours clock_skew{1};

struct Files {
    os::Path certificate, key;
};

Files files_of(const os::Path& folder, const std::string& name) {
    return {folder / (name + ".pem"), folder / (name + ".key")};
}

os::Validity validity_from(const Clock& clock, std::chrono::hours length) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.wall());
    return {now - clock_skew, now + length};
}

Status check_free(const Files& files) {
    for (const os::Path& path : {files.certificate, files.key}) {
        std::error_code error;
        if (std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
            return fail(Code::conflict, "{}: exists already (use another folder, or ask to overwrite it)",
                        path.string());
        }
    }
    return {};
}

Status check_names(const os::Path& folder, std::span<const SiteId> sites, bool overwrite) {
    if (sites.empty()) return fail(Code::bad_input, "pki: name at least one site");
    if (!overwrite) EM_TRY(check_free(files_of(folder, "ca")));
    for (std::size_t i = 0; i < sites.size(); ++i) {
        if (sites[i].text() == "ca")
            return fail(Code::bad_input, "pki: no site may be named 'ca', the authority's files are");
        for (std::size_t j = 0; j < i; ++j) {
            if (sites[i] == sites[j])
                return fail(Code::bad_input, "pki: site '{}' is named twice", sites[i].text());
        }
        if (!overwrite) EM_TRY(check_free(files_of(folder, sites[i].text())));
    }
    return {};
}

Status write_pair(const Files& files, const os::Issued& issued) {
    EM_TRY(os::write_secret_atomically(files.key, issued.key));
    return os::write_file_atomically(files.certificate, issued.certificate);
}

Status check_dates(const os::Path& path, const os::Validity& validity, const Clock& clock) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.wall());
    if (now >= validity.until) {
        return fail(Code::refused, "{}: the certificate has expired on {} (make new ones: euromesh pki init)",
                    path.string(), iso8601_utc(validity.until));
    }
    if (now < validity.from) {
        return fail(Code::refused,
                    "{}: the certificate is valid from {} on, and now it is {} (set the clock)",
                    path.string(), iso8601_utc(validity.from), iso8601_utc(now));
    }
    return {};
}

Status check_facts(const Files& files, const os::CertificateFacts& facts, const RunId& run,
                   const SiteId& site) {
    const std::string path = files.certificate.string();
    if (!facts.signed_by_authority) {
        return fail(Code::refused,
                    "{}: not signed by the authority in ca.pem (both must come from one pki init)", path);
    }
    if (facts.subject.organisation != run.text()) {
        return fail(Code::refused, "{}: made for run '{}', expected '{}'", path, facts.subject.organisation,
                    run.text());
    }
    if (facts.subject.name != site.text()) {
        return fail(Code::refused, "{}: made for site '{}', expected '{}'", path, facts.subject.name,
                    site.text());
    }
    if (!facts.key_fits) return fail(Code::bad_input, "{}: not the key of {}", files.key.string(), path);
    return {};
}

}  // namespace

Status pki_init(const os::Path& folder, const RunId& run, std::span<const SiteId> sites, const Clock& clock,
                const PkiOptions& options) {
    EM_TRY(check_names(folder, sites, options.overwrite));
    const os::Validity validity = validity_from(clock, options.validity);
    EM_ASSIGN(const os::Issued authority,
              os::make_authority({"euromesh run authority", run.text()}, validity));
    std::vector<os::Issued> issued;
    for (const SiteId& site : sites) {
        EM_ASSIGN(os::Issued one, os::issue_certificate(authority, {site.text(), run.text()}, validity));
        issued.push_back(std::move(one));
    }
    EM_TRY(os::make_folders(folder));
    EM_TRY(write_pair(files_of(folder, "ca"), authority));
    for (std::size_t i = 0; i < sites.size(); ++i)
        EM_TRY(write_pair(files_of(folder, sites[i].text()), issued[i]));
    return {};
}

Result<os::TlsCredentials> pki_load(const os::Path& folder, const RunId& run, const SiteId& site,
                                    const Clock& clock) {
    const Files files = files_of(folder, site.text());
    os::TlsCredentials credentials;
    EM_ASSIGN(credentials.authority, os::read_file(folder / "ca.pem", pem_max_bytes));
    EM_ASSIGN(credentials.certificate, os::read_file(files.certificate, pem_max_bytes));
    EM_ASSIGN(credentials.key, os::read_file(files.key, pem_max_bytes));
    const auto facts =
        os::inspect_certificate(credentials.authority, credentials.certificate, credentials.key);
    if (!facts) return fail(facts.error().within("keys of site " + site.text() + " in " + folder.string()));
    EM_TRY(check_facts(files, *facts, run, site));
    EM_TRY(check_dates(files.certificate, facts->validity, clock));
    return credentials;
}

}  // namespace euromesh::sync
