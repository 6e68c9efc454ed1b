"""Exchange by EWS, as a destination. Every SOAP request of the program is sent from here."""
