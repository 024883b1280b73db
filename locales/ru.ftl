## ru
