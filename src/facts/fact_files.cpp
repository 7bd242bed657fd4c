#include "facts/fact_files.hpp"

#include "base/os/file.hpp"
#include "facts/embedded.hpp"

namespace euromesh::facts {

namespace {

constexpr std::uint64_t largest_file = 4U << 20U;

}

Result<FactFiles> FactFiles::in_folder(const std::filesystem::path& folder) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored)) {
        return fail(Code::not_found, "{}: no such folder of facts (it should hold files such as systems.csv)",
                    folder.string());
    }
    FactFiles files;
    files.folder_ = folder;
    return files;
}

FactFiles FactFiles::of_texts(std::map<std::string, std::string, std::less<>> texts) {
    FactFiles files;
    files.texts_ = std::move(texts);
    return files;
}

Result<FactFiles> FactFiles::choose(const std::optional<std::filesystem::path>& folder) {
    if (folder) return in_folder(*folder);
    return built_in();
}

std::string FactFiles::label(std::string_view name) const {
    if (folder_) return (*folder_ / name).string();
    return fmt::format("{} {}", texts_ ? "given" : "built-in", name);
}

Result<FactText> FactFiles::read(std::string_view name) const {
    if (texts_) {
        const auto found = texts_->find(name);
        if (found == texts_->end()) return fail(Code::not_found, "{}: not among the texts", label(name));
        return FactText{label(name), found->second};
    }
    if (!folder_) {
        EM_ASSIGN(const std::string_view text, embedded_text(name));
        return FactText{label(name), std::string(text)};
    }
    EM_ASSIGN(std::string text, os::read_file(*folder_ / name, largest_file));
    return FactText{label(name), std::move(text)};
}

}  // namespace euromesh::facts
