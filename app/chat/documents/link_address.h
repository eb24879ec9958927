#pragma once

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// An address from a message as the card shows it before anything is opened.
class LinkAddress : public QObject {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QString address MEMBER address_ WRITE setAddress NOTIFY addressChanged)
    /// The whole address, nothing hidden in it; hosts as they go over the wire ("xn--…").
    Q_PROPERTY(QString shown MEMBER shown_ NOTIFY addressChanged)
    /// What is remarkable about the host, one sentence; "" when nothing is.
    Q_PROPERTY(QString warning MEMBER warning_ NOTIFY addressChanged)
    Q_PROPERTY(bool openable MEMBER openable_ NOTIFY addressChanged)

public:
    using QObject::QObject;

    void setAddress(const QString& address);

    /// Hands the address to the desktop. Only after a click that showed it.
    Q_INVOKABLE void open() const;
    Q_INVOKABLE void copy() const;

signals:
    void addressChanged();

private:
    QString address_;
    QString shown_;
    QString warning_;
    bool openable_ = false;
};

} // namespace lapidary::app
