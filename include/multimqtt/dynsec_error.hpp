// Why a command of the dynamic-security plugin did not succeed.
#pragma once

#include "multimqtt/result.hpp"

#include <cstdint>
#include <string_view>
#include <system_error>

namespace multimqtt {

/// The code of a `Failure` of `Dynsec`. Its message begins with the command and what it names.
enum class DynsecError : std::uint8_t {
    ok = 0,
    client_not_found,
    group_not_found,
    role_not_found,
    acl_not_found,
    already_exists,
    invalid_argument,      ///< Missing, malformed or not allowed; found here or by the plugin.
    forbidden,             ///< The plugin never does this.
    not_authorized,        ///< The broker does not let this client administer the plugin.
    endpoint_unavailable,  ///< The broker says that it has no such plugin.
    unknown_command,       ///< The plugin is too old for the command.
    timed_out,             ///< No answer: not authorized, no plugin, or a slow broker.
    interrupted,  ///< The connection ended before the answer came; the command may have been carried out.
    insecure,     ///< A password would travel unencrypted over a network.
    internal,     ///< The plugin failed, or answered what is not understood.
};

/// The category of `DynsecError`; its name is "multimqtt.dynsec".
[[nodiscard]] const std::error_category& dynsec_error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(DynsecError error) noexcept;

/// The name of the enumerator, such as "role_not_found".
[[nodiscard]] std::string_view to_string(DynsecError error) noexcept;

}  // namespace multimqtt

template <>
struct std::is_error_code_enum<multimqtt::DynsecError> : std::true_type {};
