#include "collector/notify/words.hpp"

#include <algorithm>
#include <span>

namespace muster::collector {

namespace {

struct Word {
    std::string_view key;
    std::string_view en;
    std::string_view zh;
};

/// A word that is its own English.
struct Translated {
    std::string_view key;
    std::string_view zh;
};

constexpr Word transitions[] = {
    {"opened", "Opened", "新事件"},
    {"reopened", "Reopened", "重新打开"},
    {"worsened", "Worse", "情况恶化"},
    {"resolved", "Resolved", "已恢复"},
    {"flapping", "Flapping", "状态抖动"},
    {"calmed", "Flapping no more", "抖动结束"},
    {"cancelled", "Cancelled", "已取消"},
};

constexpr Word kinds[] = {
    {"fault", "fault", "故障"},
    {"degradation", "degradation", "性能下降"},
    {"storm", "storm", "告警风暴"},
    {"redundancy_lost", "redundancy lost", "失去冗余"},
    {"forecast", "forecast", "预测"},
    {"host_down", "host down", "主机宕机"},
    {"agent_silent", "agent silent", "代理失联"},
    {"agent_copied", "agent lives twice", "代理重复"},
    {"store_restored", "store restored", "存储已恢复"},
    {"storage_full", "storage full", "存储已满"},
    {"vantage_isolated", "vantage point isolated", "观测点被隔离"},
    {"site_cut_off", "site cut off", "站点断连"},
    {"channel_dead", "channel dead", "通知通道失效"},
    {"reported", "reported", "人工上报"},
    {"request", "request", "请求"},
    {"unauthorised_change", "unauthorised change", "未授权变更"},
    {"imported", "imported", "外部导入"},
    {"complaint", "complaint", "投诉"},
};

constexpr Translated reasons[] = {
    {"timeout", "超时"},
    {"unreachable", "不可达"},
    {"refused", "连接被拒绝"},
    {"reset", "连接被重置"},
    {"connect", "无法连接"},
    {"closed", "连接被关闭"},
    {"tls", "TLS 错误"},
    {"protocol", "协议错误"},
    {"redirect", "重定向错误"},
    {"status", "状态码不符"},
    {"body", "正文不符"},
    {"answer", "应答不符"},
    {"loss", "丢包"},
    {"error", "设备报错"},
    {"missing", "对象不存在"},
    {"authentication", "认证失败"},
    {"time_window", "时间窗不符"},
    {"resolve", "域名解析失败"},
    {"denied", "不允许探测"},
    {"configuration", "配置错误"},
    {"agent", "代理故障"},
    {"worker", "探测进程故障"},
    {"copied", "证书被复制"},
    {"damaged", "存储损坏"},
    {"threshold", "超出限值"},
    {"availability", "可用率过低"},
    {"host down", "主机宕机"},
    {"silent", "代理失联"},
    {"isolated", "观测点被隔离"},
    {"site cut off", "站点断连"},
    {"storm", "告警风暴"},
};

constexpr Translated levels[] = {
    {"high", "高"},
    {"medium", "中"},
    {"low", "低"},
};

constexpr Translated states[] = {
    {"new", "新建"},
    {"assigned", "已分派"},
    {"in_progress", "处理中"},
    {"pending", "挂起"},
    {"resolved", "已解决"},
    {"closed", "已关闭"},
    {"cancelled", "已取消"},
};

constexpr Translated actors[] = {
    {"system", "系统"},
};

constexpr Translated places[] = {
    {"building", "楼宇"},
    {"room", "机房"},
    {"rack", "机柜"},
    {"port", "端口"},
    {"switch_port", "交换机端口"},
};

/// As it is where the language is English, or it is none of these.
std::string chinese_word(
    std::span<const Translated> words, config::Language language, std::string_view key
) {
    const auto found = std::ranges::find(words, key, &Translated::key);
    const bool is_translated = language == config::Language::zh && found != words.end();
    return std::string(is_translated ? found->zh : key);
}

std::string word(std::span<const Word> words, config::Language language, std::string_view key) {
    const auto found = std::ranges::find(words, key, &Word::key);
    if (found == words.end()) {
        std::string plain(key);
        std::ranges::replace(plain, '_', ' ');
        return plain;
    }
    return std::string(language == config::Language::zh ? found->zh : found->en);
}

}  // namespace

std::string word_transition(config::Language language, std::string_view transition) {
    return word(transitions, language, transition);
}

std::string word_kind(config::Language language, std::string_view kind) {
    return word(kinds, language, kind);
}

std::string word_reason(config::Language language, std::string_view reason) {
    return chinese_word(reasons, language, reason);
}

std::string word_level(config::Language language, std::string_view level) {
    return chinese_word(levels, language, level);
}

std::string word_state(config::Language language, std::string_view state) {
    return chinese_word(states, language, state);
}

std::string word_actor(config::Language language, std::string_view actor) {
    return chinese_word(actors, language, actor);
}

std::string word_place_part(config::Language language, std::string_view part) {
    const std::string_view kind = part.substr(0, part.find(' '));
    return kind.size() == part.size()
               ? std::string(part)
               : chinese_word(places, language, kind) + std::string(part.substr(kind.size()));
}

}  // namespace muster::collector
