#pragma once

#include <QLocalServer>
#include <QLockFile>
#include <QObject>
#include <QStringList>

#include <cstdint>

namespace lapidary::app {

struct Profile;

/// Holds a profile for this process. The second start hands its arguments to the first and ends.
/// Made on the UI thread, which runs the event loop that receives.
class SingleInstance final : public QObject {
    Q_OBJECT

public:
    enum class Role : std::uint8_t {
        First,   ///< the profile is ours
        Second,  ///< the arguments were handed over: end
        Refused, ///< the profile is held by a program that does not answer: say so and end
    };

    explicit SingleInstance(const Profile& profile, QObject* parent = nullptr);
    ~SingleInstance() override;

    /// Takes the profile, or hands `arguments` to who has it. A profile whose folder cannot be
    /// written has no lock: the start is First.
    [[nodiscard]] Role begin(const QStringList& arguments);

signals:
    /// A later start, made in `folder`, handed these over.
    void argumentsReceived(const QString& folder, const QStringList& arguments);

private:
    [[nodiscard]] bool handOver(const QStringList& arguments) const;
    void receive();

    QString socketName_;
    QLockFile lock_;
    QLocalServer server_;
};

} // namespace lapidary::app
