"""What mail programs and servers call default folders in their users' languages; the more usual names first."""

from core.mail.folder import Role

#: Names separated by ``|``; line breaks are spaces.
NAMES: dict[Role, str] = {
    Role.SENT: """
        Sent | Sent Items | Sent Messages | Sent Mail | Sent-Mail | Sent_Mail | Gesendet | Gesendete Objekte
        | Gesendete Elemente | Gesendete Nachrichten | Envoyés | Éléments envoyés | Messages envoyés
        | Objets envoyés | Courrier envoyé | Enviados | Elementos enviados | Mensajes enviados | Correo enviado
        | Posta inviata | Inviata | Inviati | Elementi inviati | Messaggi inviati | Itens enviados
        | Mensagens enviadas | Enviadas | Correio enviado | Verzonden | Verzonden items | Verzonden objecten
        | Verzonden berichten | Sendt | Sendt post | Sendte elementer | Sendte beskeder | Sendte meldinger | Skickat
        | Skickade objekt | Skickade meddelanden | Lähetetyt | Lähetetyt viestit | Sendir hlutir | Wysłane
        | Elementy wysłane | Wysłane wiadomości | Odeslaná pošta | Odeslané | Odoslané | Odoslaná pošta
        | Odoslané položky | Poslano | Poslana pošta | Poslane stavke | Poslane poruke | Послате ставке | Послато
        | Elküldött elemek | Elküldött üzenetek | Elküldött | Elküldött levelek | Trimise | Elemente trimise
        | Mesaje trimise | Изпратени | Изпратени елементи | Отправленные | Отправленные письма | Надіслані
        | Відправлені | Надіслані елементи | Απεσταλμένα | Σταλθέντα | Gönderilmiş Öğeler | Gönderilenler
        | Gönderilmiş Postalar | Gönderilen Öğeler | פריטים שנשלחו | נשלח | العناصر المرسلة | المرسلة
        | البريد المرسل | 送信済みアイテム | 送信済み | 送信済みメール | 送信済みトレイ | 已发送邮件 | 已发送
        | 已发送的邮件 | 寄件備份 | 已寄出 | 已傳送郵件 | 보낸 편지함 | 보낸편지함 | 보낸 메일함 | 보낸메일함
        | Thư đã gửi | Mục đã Gửi | Đã gửi | รายการที่ถูกส่ง | จดหมายที่ส่งแล้ว | Item Terkirim | Terkirim
        | Pesan Terkirim | Saadetud | Saadetud üksused | Saadetud kirjad | Nosūtītie vienumi | Nosūtītie
        | Išsiųsti elementai | Išsiųsti | Išsiųsta | Enviats | Elements enviats | Missatges enviats""",
    Role.DRAFTS: """
        Drafts | Draft | Entwürfe | Entwurf | Brouillons | Brouillon | Borradores | Borrador | Bozze | Rascunhos
        | Rascunho | Concepten | Kladder | Udkast | Utkast | Luonnokset | Drög | Wersje robocze | Kopie robocze
        | Szkice | Robocze | Koncepty | Rozepsané | Osnutki | Skice | Nacrti | Радне верзије | Нацрти | Piszkozatok
        | Vázlatok | Ciorne | Schițe | Чернови | Черновики | Чернетки | Πρόχειρα | Taslaklar | Taslak | טיוטות
        | المسودات | مسودات | 下書き | 草稿 | 草稿箱 | 草稿匣 | 임시 보관함 | 임시보관함 | Thư nháp | Bản nháp
        | แบบร่าง | Konsep | Draf | Mustandid | Melnraksti | Juodraščiai | Esborranys""",
    Role.JUNK: """
        Junk | Spam | Junk E-mail | Junk Email | Junk Mail | Bulk Mail | Bulk | Spam Mail | Junk-E-Mail
        | Spamverdacht | Spam-Verdacht | Unerwünscht | Courrier indésirable | Indésirables | Pourriel
        | Correo no deseado | Correo basura | No deseado | Posta indesiderata | Indesiderata | Lixo eletrônico
        | Lixo eletrónico | Lixo electrónico | Ongewenste e-mail | Ongewenste mail | Ongewenst | Uønsket mail
        | Uønsket e-mail | Uønsket post | Skräppost | Søppelpost | Useriøs e-post | Roskaposti | Roskapostit
        | Ruslpóstur | Wiadomości-śmieci | Niechciane | Wiadomości niechciane | Nevyžádaná pošta | Nevyžádané
        | Nevyžiadaná pošta | Nevyžiadané | Neželena pošta | Neželena e-pošta | Vsiljena pošta | Neželjena pošta
        | Neželjena e-pošta | Bezvrijedna e-pošta | Нежељена пошта | Levélszemét | Kéretlen levelek | E-mail nedorit
        | Nesolicitate | Mesaje nedorite | Нежелана поща | Спам | Нежелательная почта | Небажана пошта | Ανεπιθύμητα
        | Ανεπιθύμητη αλληλογραφία | Gereksiz E-posta | Önemsiz E-posta | İstenmeyen | İstenmeyen Posta | דואר זבל
        | ספאם | البريد غير الهام | البريد العشوائي | 迷惑メール | 垃圾邮件 | 垃圾郵件 | 정크 메일 | 스팸
        | 스팸메일함 | 스팸 편지함 | Thư rác | Email rác | อีเมลขยะ | จดหมายขยะ | Email Sampah | Rämpspost
        | Mēstules | Nepageidaujami laiškai | Šlamštas | Correu brossa | Correu no desitjat""",
    Role.TRASH: """
        Trash | Deleted Items | Deleted Messages | Deleted | Deleted Mail | Bin | Wastebasket | Papierkorb
        | Gelöschte Elemente | Gelöschte Objekte | Gelöscht | Gelöschte Nachrichten | Corbeille | Éléments supprimés
        | Supprimés | Messages supprimés | Papelera | Elementos eliminados | Eliminados | Mensajes eliminados
        | Cestino | Posta eliminata | Elementi eliminati | Eliminati | Lixeira | Itens excluídos | Itens eliminados
        | Mensagens excluídas | Excluídos | Lixo | Prullenbak | Verwijderde items | Verwijderd
        | Verwijderde berichten | Papirkurv | Slettet post | Slettede elementer | Slettede beskeder | Slettet
        | Papperskorgen | Papperskorg | Borttaget | Borttagna objekt | Borttagna meddelanden | Søppelkasse
        | Poistetut | Roskakori | Poistetut viestit | Eytt atriði | Kosz | Elementy usunięte | Usunięte | Koš
        | Odstraněná pošta | Odstraněné | Kôš | Odstránené položky | Odstránená pošta | Izbrisano
        | Izbrisani elementi | Izbrisana pošta | Smeće | Izbrisane stavke | Избрисане ставке | Смеће | Kuka
        | Törölt elemek | Törölt üzenetek | Lomtár | Coș de gunoi | Elemente șterse | Coș | Gunoi | Кошче | Изтрити
        | Изтрити елементи | Корзина | Удаленные | Удалённые | Кошик | Видалені | Видалені елементи
        | Κάδος απορριμμάτων | Κάδος | Διαγραμμένα | Διαγραμμένα στοιχεία | Çöp Kutusu | Silinmiş Öğeler
        | Silinenler | Çöp | אשפה | פריטים שנמחקו | المهملات | العناصر المحذوفة | سلة المهملات | ゴミ箱 | ごみ箱
        | 削除済みアイテム | 削除済み | 已删除邮件 | 已删除 | 废纸篓 | 垃圾桶 | 回收站 | 刪除的郵件 | 已刪除的郵件
        | 지운 편지함 | 휴지통 | Thùng rác | Thư đã xóa | Mục đã Xóa | ถังขยะ | รายการที่ถูกลบ | Sampah
        | Item Dihapus | Prügikast | Kustutatud | Kustutatud üksused | Miskaste | Izdzēstie vienumi | Šiukšlinė
        | Šiukšlės | Panaikinti elementai | Paperera | Elements suprimits""",
    Role.ARCHIVE: """
        Archive | Archives | Archived | Archiv | Archivo | Archivados | Archivio | Arquivo | Arquivo morto
        | Arquivados | Archief | Arkiv | Arkisto | Archiwum | Archív | Arhiv | Arhiva | Архива | Archívum | Arhivă
        | Архив | Архів | Αρχείο | Αρχειοθήκη | Arşiv | ארכיון | الأرشيف | أرشيف | アーカイブ | 存档 | 归档 | 封存
        | 보관 | Lưu trữ | เก็บถาวร | Arsip | Arhiiv | Arhīvs | Archyvas | Arxiu""",
}
