// The pages of the development issuer: choose who you are. Plain HTML that works without scripts.
//
// Every text from outside is escaped. Plain functions: no thread rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "federation/identity/dev_issuer.hpp"

namespace euromesh::federation {

std::string html_escaped(std::string_view text);
// A button a user; a click posts `ticket` and `user` to `action`.
std::string dev_user_page(std::string_view action, std::string_view ticket, std::string_view client,
                          const std::vector<DevUser>& users);
// The same, and a field for the code that the other device shows; and a button to refuse.
std::string dev_device_page(std::string_view action, std::string_view ticket, std::string_view user_code,
                            const std::vector<DevUser>& users);
std::string dev_message_page(std::string_view title, std::string_view text);

}  // namespace euromesh::federation
